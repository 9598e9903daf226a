package main

import "testing"

func TestProfilesAreServedOnLoopbackAlone(t *testing.T) {
	for value, ok := range map[string]bool{
		"": true, "127.0.0.1:6060": true, "[::1]:6060": true,
		":6060": false, "0.0.0.0:6060": false, "10.0.0.7:6060": false, "localhost:6060": false, "127.0.0.1": false, "0": false,
	} {
		var a loopbackAddress
		if err := a.Set(value); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		} else if ok && a.String() != value {
			t.Errorf("%q became %q", value, a.String())
		}
	}
}

package main

import (
	"errors"
	"net/netip"
)

// loopbackAddress is an address of this host that nobody else reaches. The zero value is none.
type loopbackAddress string

func (a *loopbackAddress) String() string { return string(*a) }

// Set takes an IP address and a port. Profiles are served to whoever asks, and asking costs time: they are for those who may
// forward a port of the pod.
func (a *loopbackAddress) Set(value string) error {
	if value != "" {
		address, err := netip.ParseAddrPort(value)
		if err != nil || !address.Addr().IsLoopback() {
			return errors.New("it must be a loopback address and a port, such as 127.0.0.1:6060")
		}
	}
	*a = loopbackAddress(value)
	return nil
}

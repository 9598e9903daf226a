package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// In JSON a length of time is written as "1.5s". Properties that are not known are
// refused: a fault that is misspelt would be a test that tests nothing.

// UnmarshalJSON reads a fault.
func (f *Fault) UnmarshalJSON(raw []byte) error {
	type plain Fault
	read := struct {
		*plain
		Delay   wireDuration `json:"delay"`
		RetryIn wireDuration `json:"retryIn"`
	}{plain: (*plain)(f)}
	if err := strictly(raw, &read); err != nil {
		return err
	}
	f.Delay, f.RetryIn = time.Duration(read.Delay), time.Duration(read.RetryIn)
	return nil
}

// UnmarshalJSON reads a limit.
func (t *Throttle) UnmarshalJSON(raw []byte) error {
	type plain Throttle
	read := struct {
		*plain
		Per wireDuration `json:"per"`
	}{plain: (*plain)(t)}
	if err := strictly(raw, &read); err != nil {
		return err
	}
	t.Per = time.Duration(read.Per)
	switch t.Class {
	case Everything, AuthenticationMethods, Directory, Reports:
		return nil
	default:
		return fmt.Errorf("throttle class %q is not known", t.Class)
	}
}

// UnmarshalJSON reads how the audit log follows.
func (a *AuditLog) UnmarshalJSON(raw []byte) error {
	type plain AuditLog
	read := struct {
		*plain
		Delay     wireDuration `json:"delay"`
		Spread    wireDuration `json:"spread"`
		Retention wireDuration `json:"retention"`
		ReportLag wireDuration `json:"reportLag"`
	}{plain: (*plain)(a)}
	if err := strictly(raw, &read); err != nil {
		return err
	}
	a.Delay, a.Spread = time.Duration(read.Delay), time.Duration(read.Spread)
	a.Retention, a.ReportLag = time.Duration(read.Retention), time.Duration(read.ReportLag)
	return nil
}

type wireDuration time.Duration

func (d *wireDuration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf(`a length of time is written as "1.5s": %w`, err)
	}
	parsed, err := time.ParseDuration(text)
	*d = wireDuration(parsed)
	return err
}

func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

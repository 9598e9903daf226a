package emulator

import "fmt"

// Seed is a world to start with, in the order in which its parts need each other.
type Seed struct {
	Tenants  []Tenant  `json:"tenants,omitempty"`
	Apps     []App     `json:"apps,omitempty"`
	Groups   []Group   `json:"groups,omitempty"`
	Users    []User    `json:"users,omitempty"`
	Faults   []Fault   `json:"faults,omitempty"`
	Throttle *Throttle `json:"throttle,omitempty"`
	AuditLog *AuditLog `json:"auditLog,omitempty"`
}

// Load adds what a seed holds to what is there, and stops at the first error.
func (e *Emulator) Load(s Seed) error {
	if err := addAll("tenant", s.Tenants, e.AddTenant); err != nil {
		return err
	}
	if err := addAll("app", s.Apps, e.AddApp); err != nil {
		return err
	}
	if err := addAll("group", s.Groups, e.AddGroup); err != nil {
		return err
	}
	if err := addAll("user", s.Users, e.AddUser); err != nil {
		return err
	}
	if err := addAll("fault", s.Faults, e.AddFault); err != nil {
		return err
	}
	if s.Throttle != nil {
		e.SetThrottle(*s.Throttle)
	}
	if s.AuditLog != nil {
		if err := e.SetAuditLog(*s.AuditLog); err != nil {
			return fmt.Errorf("auditLog: %w", err)
		}
	}
	return nil
}

func addAll[T any](kind string, list []T, add func(T) error) error {
	for i, one := range list {
		if err := add(one); err != nil {
			return fmt.Errorf("%s %d: %w", kind, i, err)
		}
	}
	return nil
}

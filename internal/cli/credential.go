package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"
)

// credential is the flag that says how to sign in to Graph: true is with what this machine has.
type credential bool

const (
	credentialOfTenant = "tenant"
	credentialDefault  = "default"
)

func credentialFlag(cmd *cobra.Command, ambient *bool) {
	cmd.Flags().Var((*credential)(ambient), "credential", "how to sign in to Graph: tenant, which reads the EntraTenant's Secret, "+
		"or default, which is what azidentity finds on this machine")
	completes(cmd, "credential", oneOf(credentialOfTenant, credentialDefault))
}

// String, Set and Type make credential a flag.
func (c *credential) String() string {
	if *c {
		return credentialDefault
	}
	return credentialOfTenant
}

// Set takes tenant or default.
func (c *credential) Set(v string) error {
	switch v {
	case credentialOfTenant:
		*c = false
	case credentialDefault:
		*c = true
	default:
		return errors.New("it is tenant or default, not " + strconv.Quote(v))
	}
	return nil
}

// Type is shown in the help.
func (c *credential) Type() string { return "string" }

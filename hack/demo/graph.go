package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// seedFile is the tenant that the emulator starts with.
const seedFile = "hack/demo/seed.yaml"

// graph is the emulator as it runs. The demo knows it as any program would: over HTTP.
type graph struct {
	*install.Graph
	secret string            // of the operator's app registration
	upns   map[string]string // by object id
}

// phone is a method as Graph has it.
type phone struct {
	emulator.Phone
	User string `json:"-"` // UPN
}

// write is a request that asked Graph to change a phone.
type write struct {
	Method string `json:"method"`
	Type   string `json:"phoneType"`
	Status int    `json:"status"`
}

// startGraph runs the emulator on free ports and reads from its seed who is there.
func (d *demo) startGraph(ctx context.Context) (err error) {
	seed := filepath.Join(d.root, seedFile)
	if err := d.graph.readSeed(seed); err != nil {
		return err
	}
	if d.graph.Graph, err = install.StartGraph(ctx, d.dir, "--seed-file="+seed); err != nil {
		return err
	}
	d.needs("emulator", d.graph.Process)
	return nil
}

func (g *graph) readSeed(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var seed struct {
		Apps []struct {
			Secret string `json:"secret"`
		} `json:"apps"`
		Users []struct {
			ID  string `json:"id"`
			UPN string `json:"upn"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal(text, &seed); err != nil {
		return err
	}
	if len(seed.Apps) != 1 {
		return errors.New("the seed is to have one app, the operator's")
	}
	g.secret, g.upns = seed.Apps[0].Secret, map[string]string{}
	for _, u := range seed.Users {
		g.upns[u.ID] = u.UPN
	}
	return nil
}

// phones are all methods in Graph, by user and type.
func (g *graph) phones(ctx context.Context) ([]phone, error) {
	var byUser map[string][]phone
	if err := g.Ask(ctx, "/phones", &byUser); err != nil {
		return nil, err
	}
	var all []phone
	for id, phones := range byUser {
		for _, p := range phones {
			p.User = cmp.Or(g.upns[id], id)
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b phone) int {
		return cmp.Or(strings.Compare(a.User, b.User), strings.Compare(a.Type, b.Type))
	})
	return all, nil
}

// writes are all requests so far that asked for a change, refused ones included.
func (g *graph) writes(ctx context.Context) ([]write, error) {
	var all []write
	err := g.Ask(ctx, "/writes", &all)
	return all, err
}

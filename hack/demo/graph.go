package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"
)

// seedFile is the tenant that the emulator starts with.
const seedFile = "hack/demo/seed.yaml"

// graph is the emulator as it runs. The demo knows it as any program would: over HTTP.
type graph struct {
	process      *process
	url, control string
	ca           []byte
	secret       string            // of the operator's app registration
	upns         map[string]string // by object id
}

// phone is a method as Graph has it.
type phone struct {
	User   string `json:"-"` // UPN
	ID     string `json:"id"`
	Type   string `json:"phoneType"`
	Number string `json:"phoneNumber"`
	SMS    string `json:"smsSignInState"`
}

// write is a request that asked Graph to change a phone.
type write struct {
	Method string `json:"method"`
	Type   string `json:"phoneType"`
	Status int    `json:"status"`
}

// startGraph runs the emulator on free ports and reads from its seed who is there.
func (d *demo) startGraph(ctx context.Context) (err error) {
	if err := d.graph.readSeed(d.root + "/" + seedFile); err != nil {
		return err
	}
	ready, ca := d.path("graph.ready"), d.path("graph.ca")
	d.graph.process, err = d.own("emulator", nil, graphProgram,
		"--bind-address=127.0.0.1:0", "--control-bind-address=127.0.0.1:0",
		"--seed-file="+d.root+"/"+seedFile, "--ca-file="+ca, "--ready-file="+ready)
	if err != nil {
		return err
	}
	var text []byte
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		text, err = os.ReadFile(ready)
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the emulator is not ready: %w\n%s", err, d.graph.process.output())
	}
	for line := range strings.Lines(string(text)) {
		what, url, _ := strings.Cut(strings.TrimSpace(line), " on ")
		switch what {
		case "listening":
			d.graph.url = url
		case "control":
			d.graph.control = url
		}
	}
	d.graph.ca, err = os.ReadFile(ca)
	return err
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
	if err := g.read(ctx, "/phones", &byUser); err != nil {
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
	err := g.read(ctx, "/writes", &all)
	return all, err
}

// read asks the emulator's control interface.
func (g *graph) read(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.control+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

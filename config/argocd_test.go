package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Argo CD sees what kubectl wait and Flux see. It runs these scripts with the same
// interpreter, the resource in the global obj.
func TestHealthInArgoCD(t *testing.T) {
	config := argoCD(t)
	for sentence, c := range map[string]struct{ object, want string }{
		"just created":            {`{metadata: {generation: 1}, status: {observedGeneration: -1}}`, "Progressing"},
		"without a status":        {`{metadata: {generation: 1}}`, "Progressing"},
		"seen, nothing known yet": {`{metadata: {generation: 1}, status: {observedGeneration: 1}}`, "Progressing"},
		"on its way": {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [
			{type: Reconciling, status: "True", message: m}, {type: Ready, status: Unknown, message: m}]}}`, "Progressing"},
		"ready": {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [
			{type: Ready, status: "True", message: m}]}}`, "Healthy"},
		"changed since it was ready": {`{metadata: {generation: 2}, status: {observedGeneration: 1, conditions: [
			{type: Ready, status: "True", message: m}]}}`, "Progressing"},
		"stalled": {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [
			{type: Ready, status: "False", message: m}, {type: Stalled, status: "True", message: m}]}}`, "Degraded"},
		"stalled no more": {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [
			{type: Stalled, status: "False", message: m}, {type: Ready, status: "True", message: m}]}}`, "Healthy"},
		"suspended": {`{metadata: {generation: 1}, status: {observedGeneration: 1, conditions: [
			{type: Ready, status: "True", message: m}, {type: Suspended, status: "True", message: m}]}}`, "Suspended"},
	} {
		for _, kind := range []string{"PhoneAuthenticationMethod", "EntraTenant"} {
			t.Run(kind+" "+sentence, func(t *testing.T) {
				var object any
				if err := yaml.Unmarshal([]byte(c.object), &object); err != nil {
					t.Fatal(err)
				}
				l := lua.NewState()
				defer l.Close()
				l.SetGlobal("obj", luaValue(l, object))
				if err := l.DoString(config.Data["resource.customizations.health.identity.entraops.dev_"+kind]); err != nil {
					t.Fatal(err)
				}
				health, isTable := l.Get(-1).(*lua.LTable)
				if !isTable {
					t.Fatal("the script returns no table")
				}
				if got := l.GetField(health, "status").String(); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				if l.GetField(health, "message").Type() != lua.LTString {
					t.Error("no message")
				}
			})
		}
	}
}

// argoCD returns the ConfigMap.
func argoCD(t *testing.T) (config corev1.ConfigMap) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("argocd", "argocd-cm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return config
}

// Argo CD offers what can be done, and applies the object that the action returns.
func TestActionsInArgoCD(t *testing.T) {
	config := argoCD(t)
	run := func(t *testing.T, script string, object map[string]any) map[string]any {
		t.Helper()
		l := lua.NewState()
		defer l.Close()
		l.SetGlobal("obj", luaValue(l, object))
		if err := l.DoString(script); err != nil {
			t.Fatal(err)
		}
		got, _ := goValue(l.Get(-1)).(map[string]any)
		return got
	}
	object := func(spec map[string]any) map[string]any {
		return map[string]any{"metadata": map[string]any{"name": "a"}, "spec": spec}
	}
	works, suspended := map[string]any{"user": "ada"}, map[string]any{"user": "ada", "suspend": true}
	for kind, c := range map[string]struct {
		spec    map[string]any
		offered []string
		does    map[string]func(after map[string]any) bool
	}{
		"PhoneAuthenticationMethod that works": {works, []string{"reconcile", "suspend"}, map[string]func(map[string]any) bool{
			"reconcile": isRequested,
			"suspend":   func(o map[string]any) bool { return o["spec"].(map[string]any)["suspend"] == true },
		}},
		"PhoneAuthenticationMethod that is suspended": {suspended, []string{"resume"}, map[string]func(map[string]any) bool{
			"resume": func(o map[string]any) bool { return cmp.Equal(o["spec"], any(works)) },
		}},
		"EntraTenant": {map[string]any{}, []string{"reconcile"}, map[string]func(map[string]any) bool{"reconcile": isRequested}},
	} {
		t.Run(kind, func(t *testing.T) {
			name, _, _ := strings.Cut(kind, " ")
			var actions struct {
				Discovery   string `json:"discovery.lua"`
				Definitions []struct {
					Name   string
					Action string `json:"action.lua"`
				}
			}
			if err := yaml.Unmarshal([]byte(config.Data["resource.customizations.actions.identity.entraops.dev_"+name]), &actions); err != nil {
				t.Fatal(err)
			}
			var offered []string
			for action, says := range run(t, actions.Discovery, object(c.spec)) {
				if says, _ := says.(map[string]any); says["disabled"] != true {
					offered = append(offered, action)
				}
			}
			slices.Sort(offered)
			if diff := cmp.Diff(c.offered, offered); diff != "" {
				t.Errorf("offered (-want +got):\n%s", diff)
			}
			for _, d := range actions.Definitions {
				if does, ok := c.does[d.Name]; ok && !does(run(t, d.Action, object(c.spec))) {
					t.Errorf("%s does not do what it says", d.Name)
				}
			}
		})
	}
}

func isRequested(o map[string]any) bool {
	annotations, _ := o["metadata"].(map[string]any)["annotations"].(map[string]any)
	at, _ := annotations[v1alpha1.ReconcileRequestedAtAnnotation].(string)
	_, err := time.Parse(time.RFC3339, at)
	return err == nil
}

// goValue is what a script returns, as JSON would have it.
func goValue(v lua.LValue) any {
	switch v := v.(type) {
	case *lua.LTable:
		object := map[string]any{}
		v.ForEach(func(key, element lua.LValue) { object[key.String()] = goValue(element) })
		return object
	case lua.LBool:
		return bool(v)
	}
	return v.String()
}

// luaValue is a JSON value as Argo CD hands it to its scripts.
func luaValue(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case map[string]any:
		table := l.NewTable()
		for key, element := range v {
			table.RawSetString(key, luaValue(l, element))
		}
		return table
	case []any:
		table := l.NewTable()
		for _, element := range v {
			table.Append(luaValue(l, element))
		}
		return table
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	default:
		return lua.LNil
	}
}

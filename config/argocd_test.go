package config_test

import (
	"os"
	"path/filepath"
	"testing"

	lua "github.com/yuin/gopher-lua"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Argo CD sees what kubectl wait and Flux see. It runs these scripts with the same
// interpreter, the resource in the global obj.
func TestHealthInArgoCD(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("argocd", "argocd-cm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config corev1.ConfigMap
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
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

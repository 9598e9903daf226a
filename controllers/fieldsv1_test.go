package controllers

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestOfFieldsV1TheTopIsKept(t *testing.T) {
	for text, want := range map[string]string{
		`{"managedFields":[{"fieldsV1":{"f:spec":{"k:{\"type\":\"Ready\"}":{}},"f:status":{}},"manager":"kubectl"}],"name":"a"}`: `{"managedFields":[{"fieldsV1":{"f:spec":{},"f:status":{}},"manager":"kubectl"}],"name":"a"}`,
		`{"a":{"fieldsV1":{"b":[2,"}"],"c}\\":"d"}},"b":{"fieldsV1":{}},"c":{"fieldsV1":{"\\":"\\"}}}`:                           `{"a":{"fieldsV1":{"b":[],"c}\\":"d"}},"b":{"fieldsV1":{}},"c":{"fieldsV1":{"\\":"\\"}}}`,
		`{"note":"as text: \"fieldsV1\":{1}","fieldsV1":null}`:                                                                   `{"note":"as text: \"fieldsV1\":{1}","fieldsV1":null}`,
		`{"key\"fieldsV1":{"a":1}}`: `{"key\"fieldsV1":{"a":1}}`,
		`{"fieldsV1`:                `{"fieldsV1`,
		`{"fieldsV1":{"f:spec":{"`:  `{"fieldsV1":{"f:spec":{`,
		`"fieldsV1":"fieldsV`:       `"fieldsV1":"fieldsV`,
		``:                          ``,
	} {
		for name, arriving := range arrivalsOf([]byte(text)) {
			got, err := io.ReadAll(withShortFieldsV1(arriving))
			if string(got) != want || err != nil {
				t.Errorf("%s, %s: %s (%v), want %s", text, name, got, err, want)
			}
		}
	}
}

// arrivalsOf are the ways in which a text may arrive, and be asked for.
func arrivalsOf(text []byte) map[string]io.Reader {
	return map[string]io.Reader{
		"at once":           bytes.NewReader(text),
		"byte by byte":      iotest.OneByteReader(bytes.NewReader(text)),
		"half of it":        iotest.HalfReader(bytes.NewReader(text)),
		"with its end":      iotest.DataErrReader(bytes.NewReader(text)),
		"read byte by byte": iotest.OneByteReader(withShortFieldsV1(bytes.NewReader(text))),
	}
}

// Whatever JSON it is, only such objects change.
func TestNothingButFieldsV1IsShortened(t *testing.T) {
	names := rapid.SampledFrom([]string{"fieldsV1", `a"fieldsV1`, "name", `\`, `"`, "[", "}"})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		text := rapid.Map(names, func(s string) any { return s })
		if depth == 0 {
			return text
		}
		deeper := value(depth - 1)
		return rapid.OneOf(text,
			rapid.Map(rapid.SliceOfN(deeper, 0, 4), func(all []any) any { return all }),
			rapid.Map(rapid.MapOfN(names, deeper, 0, 4), func(m map[string]any) any { return m }))
	}
	rapid.Check(t, func(t *rapid.T) {
		given := value(4).Draw(t, "value")
		text, err := json.Marshal(given)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(shortened(given))
		if err != nil {
			t.Fatal(err)
		}
		for name, arriving := range arrivalsOf(text) {
			got, err := io.ReadAll(withShortFieldsV1(arriving))
			if !bytes.Equal(got, want) || err != nil {
				t.Fatalf("%s: %s became %s (%v), want %s", name, text, got, err, want)
			}
		}
	})
}

func shortened(value any) any {
	switch value := value.(type) {
	case []any:
		all := make([]any, len(value))
		for i := range value {
			all[i] = shortened(value[i])
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for name, of := range value {
			top, isObject := of.(map[string]any)
			if !isObject || name != "fieldsV1" {
				all[name] = shortened(of)
				continue
			}
			short := map[string]any{}
			for field, below := range top {
				switch below.(type) {
				case []any:
					below = []any{}
				case map[string]any:
					below = map[string]any{}
				}
				short[field] = below
			}
			all[name] = short
		}
		return all
	}
	return value
}

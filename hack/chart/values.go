package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one key of values.yaml.
type value struct {
	name        string         // the last part of its path
	description string         // one line
	schema      map[string]any // what the @schema line says
	byDefault   any
	children    []value // of a mapping that is not empty
}

const schemaMark = "@schema "

// parse reads values.yaml, in its order. A value without a description is an error, but for a group of values.
func parse(text []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is no mapping")
	}
	return parseMapping(document.Content[0], "")
}

func parseMapping(node *yaml.Node, path string) (values []value, err error) {
	for i := 0; i < len(node.Content); i += 2 {
		key, content := node.Content[i], node.Content[i+1]
		v := value{name: key.Value}
		if err := v.comment(key.HeadComment); err != nil {
			return nil, fmt.Errorf("%s%s: %w", path, v.name, err)
		}
		if err := content.Decode(&v.byDefault); err != nil {
			return nil, err
		}
		// A mapping with a description is one value, such as resources; without one it is a group.
		group := content.Kind == yaml.MappingNode && v.description == ""
		if group {
			if v.children, err = parseMapping(content, path+v.name+"."); err != nil {
				return nil, err
			}
		}
		if v.description == "" && len(v.children) == 0 {
			return nil, fmt.Errorf("%s%s has no comment", path, v.name)
		}
		values = append(values, v)
	}
	return values, nil
}

// comment takes the last paragraph of a comment: one above it belongs to the file.
func (v *value) comment(comment string) error {
	if i := strings.LastIndex(comment, "\n\n"); i >= 0 {
		comment = comment[i+2:]
	}
	var words []string
	for line := range strings.Lines(comment) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#"))
		if fragment, is := strings.CutPrefix(line, schemaMark); is {
			if err := yaml.Unmarshal([]byte(fragment), &v.schema); err != nil {
				return fmt.Errorf("its schema: %w", err)
			}
			continue
		}
		words = append(words, line)
	}
	v.description = strings.Join(words, " ")
	return nil
}

// text is the default as the page shows it.
func (v value) text() (string, error) {
	text, err := json.Marshal(v.byDefault)
	return string(text), err
}

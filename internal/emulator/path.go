package emulator

import (
	"net/url"
	"strings"
)

// part is one step of a resource path: a name, or a key. OData writes keys in two
// ways, users/{key} and users('{key}'); both become a name and a key.
type part struct {
	text   string
	quoted bool // a key in quotes and brackets
}

// splitPath takes an escaped path below the version apart.
func splitPath(escaped string) ([]part, error) {
	var parts []part
	for segment := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		text, err := url.PathUnescape(segment)
		if err != nil || text == "" {
			return nil, errRequest("The request target is not valid.")
		}
		name, rest, found := strings.Cut(text, "(")
		if !found || !strings.HasSuffix(rest, ")") {
			parts = append(parts, part{text: text})
			continue
		}
		key, err := unquote(strings.TrimSuffix(rest, ")"))
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{text: name}, part{text: key, quoted: true})
	}
	return parts, nil
}

// unquote reads an OData string literal: in single quotes, an apostrophe doubled.
func unquote(literal string) (string, error) {
	inner, ok := strings.CutPrefix(literal, "'")
	if !ok {
		return "", errKey()
	}
	inner, ok = strings.CutSuffix(inner, "'")
	if !ok || strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
		return "", errKey()
	}
	return strings.ReplaceAll(inner, "''", "'"), nil
}

// inOData writes the path as the authentication methods service sees it, with all
// keys in quotes.
func (c *call) inOData() string {
	var b strings.Builder
	for i, p := range c.parts {
		switch isKey := p.quoted || i == 1 || i == 4; {
		case isKey:
			b.WriteString("('" + strings.ReplaceAll(p.text, "'", "''") + "')")
		case i > 0:
			b.WriteString("/" + p.text)
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// keyText gives the key a part stands for. A bare key that begins with $ or holds
// an apostrophe has to be written in quotes.
// https://learn.microsoft.com/graph/api/user-get
func (p part) keyText() (string, error) {
	if !p.quoted && (strings.HasPrefix(p.text, "$") || strings.Contains(p.text, "'")) {
		return "", errKey()
	}
	return p.text, nil
}

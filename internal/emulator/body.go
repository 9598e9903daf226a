package emulator

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// bodyLimit is Graph's general limit on a request, here also of what it unpacks to.
const bodyLimit = 4 << 20

// readBody reads and, as official SDKs compress theirs, unpacks a body.
func readBody(r *http.Request) ([]byte, error) {
	body, err := readLimited(r.Body)
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return body, nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, errRequest("The request body is not gzip.")
		}
		return readLimited(z)
	default:
		return nil, errEncoding()
	}
}

func readLimited(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, bodyLimit+1))
	switch {
	case len(body) > bodyLimit:
		return nil, errTooLarge()
	case err != nil:
		return nil, errRequest("The request body could not be read.")
	}
	return body, nil
}

// jsonObject reads the body of a write. Names are as they are written: JSON's
// names have a case, and none may come twice.
func (c *call) jsonObject() (map[string]json.RawMessage, error) {
	if err := c.declaresJSON(); err != nil {
		return nil, err
	}
	object, err := parseObject(c.body)
	if err != nil {
		return nil, errBody("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return object, nil
}

func (c *call) declaresJSON() error {
	declared := c.header.Get("Content-Type")
	if declared == "" {
		return errNoContentType()
	}
	if media, _, err := mime.ParseMediaType(declared); err != nil || media != "application/json" {
		return errContentTypeNotJSON()
	}
	return nil
}

var errNotOneObject = errors.New("not one JSON object")

func parseObject(body []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errNotOneObject
	}
	object := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errNotOneObject
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			return nil, errNotOneObject
		}
		object[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotOneObject
	}
	return object, nil
}

// noParameters accepts the body of an action that takes none: nothing, or {}.
func (c *call) noParameters() error {
	if len(c.body) == 0 {
		return nil
	}
	object, err := c.jsonObject()
	if err != nil {
		return err
	}
	if len(object) > 0 {
		return errBody("The action takes no parameters.")
	}
	return nil
}

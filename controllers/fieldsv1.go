package controllers

import (
	"bufio"
	"bytes"
	"io"
)

// fieldsV1Reader passes JSON, but of each fieldsV1 the names at its top only, such as f:spec: the fields below these,
// which the cache does not keep, are a third of what the API server sends of a resource.
type fieldsV1Reader struct {
	text    *bufio.Reader
	last    byte   // the last byte that was read
	pending []byte // to be read before text goes on
	kept    []byte // the buffer that pending is a part of, used again for each fieldsV1
	within  value  // of a fieldsV1
}

// value is a place within a JSON object.
type value struct {
	depth           int // of brackets and braces; 0 is outside
	quoted, escaped bool
}

// As a key only, in JSON without spaces, as the API server writes it: within a string the quotes are escaped.
var fieldsV1 = []byte(`"fieldsV1":{`)

func withShortFieldsV1(text io.Reader) io.Reader {
	return &fieldsV1Reader{text: bufio.NewReaderSize(text, 64<<10)}
}

// Read implements [io.Reader]. It holds back only what may be the beginning of a fieldsV1.
func (f *fieldsV1Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if len(f.pending) > 0 {
			n := copy(p, f.pending)
			f.pending = f.pending[n:]
			return n, nil
		}
		if f.within.depth > 0 {
			if err := f.shorten(); err != nil {
				return 0, err
			}
			continue
		}
		text, err := f.text.Peek(max(f.text.Buffered(), 1))
		if err != nil {
			return 0, err
		}
		passes := bytes.Index(text, fieldsV1)
		if passes < 0 {
			if passes = len(text) - beginning(text); passes == 0 {
				if text, err = f.text.Peek(len(text) + 1); err != nil { // the end: it was no beginning
					passes = len(text)
				}
			}
		}
		if passes == 0 && bytes.HasPrefix(text, fieldsV1) {
			if f.last != '\\' {
				f.pending, f.within = fieldsV1, value{depth: 1}
				_, _ = f.text.Discard(len(fieldsV1))
				continue
			}
			passes = 1
		}
		n := copy(p, text[:passes])
		if n > 0 {
			f.last = text[n-1]
			_, _ = f.text.Discard(n)
			return n, nil
		}
	}
}

// beginning is how much of the end of text may be the beginning of fieldsV1.
func beginning(text []byte) int {
	for n := min(len(fieldsV1)-1, len(text)); n > 0; n-- {
		if bytes.HasSuffix(text, fieldsV1[:n]) {
			return n
		}
	}
	return 0
}

// shorten reads on to the end of a fieldsV1, as far as it has arrived.
func (f *fieldsV1Reader) shorten() error {
	text, err := f.text.Peek(max(f.text.Buffered(), 1))
	if err != nil {
		return err
	}
	f.kept = f.kept[:0]
	read := 0
	for _, c := range text {
		before := f.within.depth
		f.within.passes(c)
		if before == 1 || f.within.depth == 1 {
			f.kept = append(f.kept, c)
		}
		if read++; f.within.depth == 0 {
			break
		}
	}
	f.pending, f.last = f.kept, text[read-1]
	_, err = f.text.Discard(read)
	return err
}

func (v *value) passes(c byte) {
	switch {
	case v.escaped:
		v.escaped = false
	case v.quoted:
		v.escaped, v.quoted = c == '\\', c != '"'
	case c == '"':
		v.quoted = true
	case c == '[' || c == '{':
		v.depth++
	case c == ']' || c == '}':
		v.depth--
	}
}

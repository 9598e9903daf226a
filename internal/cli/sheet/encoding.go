package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// The encodings that are found out. Others have to be named.
const (
	utf8Name    = "utf-8"
	utf16LEName = "utf-16le"
	utf16BEName = "utf-16be"
	ansiName    = "windows-1252"
)

// Encodings are names of some of those that a table may have.
func Encodings() []string {
	return []string{utf8Name, utf16LEName, utf16BEName, ansiName, "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1257",
		"iso-8859-1", "iso-8859-2", "iso-8859-15", "macintosh", "shift_jis", "euc-kr", "gbk", "big5"}
}

var boms = []struct {
	mark []byte
	name string
}{{[]byte("\xef\xbb\xbf"), utf8Name}, {[]byte("\xff\xfe"), utf16LEName}, {[]byte("\xfe\xff"), utf16BEName}}

// findEncoding reads the whole file: one byte near its end may tell windows-1252 from UTF-8.
func findEncoding(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	in := bufio.NewReaderSize(f, 1<<16)
	head, err := in.Peek(1 << 12)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	for _, bom := range boms {
		if bytes.HasPrefix(head, bom.mark) {
			return bom.name, nil
		}
	}
	if name := withoutBOM(head); name != "" {
		return name, nil
	}
	for {
		r, size, err := in.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return utf8Name, nil
		case err != nil:
			return "", err
		case r == utf8.RuneError && size == 1:
			return ansiName, nil
		}
	}
}

// withoutBOM knows UTF-16 by the zeros of its ASCII; "" is not that.
func withoutBOM(head []byte) string {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch enough := len(head) / 4; {
	case zeros[0]+zeros[1] == 0:
		return ""
	case zeros[1] > enough && zeros[0] == 0:
		return utf16LEName
	case zeros[0] > enough && zeros[1] == 0:
		return utf16BEName
	}
	return ""
}

// decode returns the text of in as UTF-8 without a byte order mark.
func decode(in io.Reader, name string) (io.Reader, error) {
	var e encoding.Encoding
	switch name {
	case utf8Name:
		e = unicode.UTF8BOM
	case utf16LEName:
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case utf16BEName:
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	default:
		var err error
		if e, err = htmlindex.Get(name); err != nil {
			return nil, fmt.Errorf("the encoding is not known: write it as web pages do, such as utf-8 or windows-1252")
		}
	}
	return transform.NewReader(in, e.NewDecoder()), nil
}

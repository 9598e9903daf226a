package site

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

const root = "../.."

var dir string // where the site of all tests is

func TestMain(m *testing.M) {
	code := func() int {
		temp, err := os.MkdirTemp("", "phone-operator-site-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(temp) //nolint:errcheck // the system's own folder
		dir = temp
		return m.Run()
	}()
	os.Exit(code)
}

// built makes the site once, as make site does.
func built(t *testing.T) string {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return dir
}

var build = sync.OnceValue(func() error {
	hugo := exec.Command("go", "tool", "-modfile=hack/tools/hugo/go.mod", "hugo", "--config=hack/site/hugo.toml",
		"--noBuildLock", "--panicOnWarning", "--destination="+dir)
	hugo.Dir = root
	hugo.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := hugo.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// page is one HTML file of the site.
type page struct {
	ids    map[string]int // how often each is there
	links  []string       // href and src, as they are written
	text   string         // of the article
	source string
}

// pages are all of them, by path.
func pages(t *testing.T) map[string]page {
	t.Helper()
	dir := built(t)
	all := map[string]page{}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".html" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		node, err := html.Parse(strings.NewReader(string(text)))
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		p := page{ids: map[string]int{}, source: string(text)}
		p.read(node, false)
		all[filepath.ToSlash(name)] = p
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (p *page) read(n *html.Node, inArticle bool) {
	inArticle = inArticle || n.Data == "article" && n.Type == html.ElementNode
	if n.Type == html.TextNode && inArticle {
		p.text += n.Data
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "id":
			p.ids[a.Val]++
		case "href", "src":
			p.links = append(p.links, a.Val)
		}
	}
	for child := range n.ChildNodes() {
		p.read(child, inArticle)
	}
}

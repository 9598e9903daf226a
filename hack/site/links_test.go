package site

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Every link leads to a page, a file or a place on a page; those into the repository to a file of it.
func TestNoLinkIsBroken(t *testing.T) {
	all := pages(t)
	looked := 0
	for name, p := range all {
		for _, link := range p.links {
			to, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %q: %v", name, link, err)
				continue
			}
			looked++
			if file, ours := strings.CutPrefix(link, "https://github.com/entraops/phone-operator/blob/main/"); ours {
				file, _, _ = strings.Cut(file, "#")
				if _, err := os.Stat(filepath.Join(root, file)); err != nil {
					t.Errorf("%s: the link %s leads to nothing in the repository", name, link)
				}
				continue
			}
			if to.Scheme != "" || to.Host != "" {
				continue // another site
			}
			target := name
			if to.Path != "" {
				target = path.Join(path.Dir(name), to.Path)
			}
			if other, isPage := all[target]; isPage {
				if to.Fragment != "" && other.ids[to.Fragment] == 0 {
					t.Errorf("%s: the link %s leads to no place of that page", name, link)
				}
			} else if info, err := os.Stat(filepath.Join(dir, target)); err != nil || info.IsDir() && !isRoot(link) {
				t.Errorf("%s: the link %s leads nowhere", name, link)
			}
		}
	}
	if looked < 1000 {
		t.Errorf("%d links were found", looked)
	}
}

// isRoot reports whether a link is that to the root of the site, of which only the script reads the address.
func isRoot(link string) bool { return strings.Trim(link, "./") == "" }

// No place has the name of another one of its page: a link would lead to the first.
func TestPlacesHaveNamesOfTheirOwn(t *testing.T) {
	for name, p := range pages(t) {
		for id, n := range p.ids {
			if n > 1 {
				t.Errorf("%s: %d places are called %s", name, n, id)
			}
		}
	}
}

// Every document is a page, and every page is beside each other one: in the contents, or in a page that is.
func TestEveryDocumentCanBeFound(t *testing.T) {
	all := pages(t)
	reached := map[string]bool{"index.html": true}
	for queue := []string{"index.html"}; len(queue) > 0; queue = queue[1:] {
		for _, link := range all[queue[0]].links {
			target := path.Join(path.Dir(queue[0]), strings.Split(link, "#")[0])
			if _, isPage := all[target]; isPage && !reached[target] {
				reached[target] = true
				queue = append(queue, target)
			}
		}
	}
	for name := range all {
		if !reached[name] {
			t.Errorf("no page leads to %s", name)
		}
	}
	documents, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	contents, err := os.ReadFile(root + "/docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range documents {
		name := filepath.Base(document)
		if name == "README.md" {
			continue
		}
		if _, isPage := all["docs/"+strings.TrimSuffix(name, ".md")+".html"]; !isPage {
			t.Errorf("docs/%s is no page", name)
		}
		if !strings.Contains(string(contents), "]("+name+")") {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}

// What looks like HTML in a document is left out, here and on GitHub: such as <name> outside of code.
func TestNothingIsLeftOut(t *testing.T) {
	for name, p := range pages(t) {
		if left := strings.Count(p.source, "<!-- raw HTML omitted -->"); left > 0 {
			t.Errorf("%s: %d pieces of its document look like HTML and are left out", name, left)
		}
		if strings.TrimSpace(p.text) == "" {
			t.Errorf("%s is empty", name)
		}
	}
}

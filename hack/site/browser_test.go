package site

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is for one story in a browser, its start included.
const patience = time.Minute

func TestTheSearchFindsAPage(t *testing.T) {
	const nothing = "no page has xyzzy"
	address, ctx := visit(t)
	do(t, ctx,
		chromedp.Navigate(address+"/docs/faq.html"),
		chromedp.SendKeys(chromedp.CSS("#search"), nothing),
		chromedp.WaitVisible(chromedp.CSS("#found p")),
		chromedp.SendKeys(chromedp.CSS("#search"), strings.Repeat(kb.Backspace, len(nothing))),
		chromedp.SendKeys(chromedp.CSS("#search"), "rotate the credential"),
		chromedp.WaitVisible(`//*[@id="found"]/li[1]//a[contains(@href, "#rotate-the-credential")]`),
	)
	if first := ask(t, ctx, chromedp.Text(chromedp.CSS("#found a strong"))); first != "Day two: Rotate the credential" {
		t.Errorf("found first: %q", first)
	}
	do(t, ctx,
		chromedp.Click(chromedp.CSS("#found a")),
		chromedp.WaitVisible(`//h1[text()="Day two"]`),
	)
	if place := ask(t, ctx, chromedp.Location()); place != address+"/docs/day-two.html#rotate-the-credential" {
		t.Errorf("it leads to %s", place)
	}
}

// The site can be read from a folder as well: a browser gives a page no file beside it, and the search has to work without.
func TestTheSearchWorksWithoutAServer(t *testing.T) {
	_, ctx := visit(t)
	do(t, ctx,
		chromedp.Navigate("file://"+dir+"/docs/decisions/index.html"),
		chromedp.SendKeys(chromedp.CSS("#search"), "adoption"),
		chromedp.WaitVisible(`//*[@id="found"]//a[contains(@href, "phoneauthenticationmethod.html")]`),
	)
}

// What is copied of a block is what somebody would type: all of it, and of a terminal's text the commands alone.
func TestCodeCanBeCopied(t *testing.T) {
	address, ctx := visit(t)
	for name, c := range map[string]struct{ page, block, want string }{
		"commands": {"/docs/getting-started.html", "make run", "make run"},
		"a terminal": {
			"/docs/kubectl-plugin.html", "$ kubectl phonemethod explain -n people erin@contoso.com",
			"kubectl phonemethod explain -n people erin@contoso.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			do(t, ctx,
				chromedp.Navigate(address+c.page),
				chromedp.Click(`//article//div[@class="code"][starts-with(normalize-space(pre), "`+c.block+`")]/button`),
				chromedp.WaitVisible(`//button[text()="Copied"]`),
				chromedp.Focus(chromedp.CSS("#search")),
				paste,
			)
			if pasted := ask(t, ctx, chromedp.Value(chromedp.CSS("#search"))); pasted != c.want {
				t.Errorf("pasted: %q, want %q", pasted, c.want)
			}
		})
	}
}

// paste is Ctrl+V.
func paste(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
	_, err := cdp.Call(ctx, tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Commands: []string{"paste"}})
	return chromedp.Void{}, err
}

// No page is wider than a telephone, and each shows in the contents where one is.
func TestPagesFitTheScreen(t *testing.T) {
	address, ctx := visit(t)
	for name := range pages(t) {
		do(t, ctx, chromedp.EmulateViewport(390, 844), chromedp.Navigate(address+"/"+name))
		if wide := ask(t, ctx, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); wide > 390 {
			t.Errorf("%s is %d wide on a screen of 390", name, wide)
		}
		here := ask(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("#contents [aria-current]").length`))
		inContents := strings.Count(name, "/") == 1 && strings.HasPrefix(name, "docs/") && name != "docs/index.html"
		if inContents && here != 1 {
			t.Errorf("%s shows itself %d times in the contents", name, here)
		}
	}
}

// visit serves the site and starts a browser. Without one the test is skipped.
func visit(t *testing.T) (address string, _ context.Context) {
	t.Helper()
	program := chromium(t)
	server := httptest.NewServer(http.FileServer(http.Dir(built(t))))
	t.Cleanup(server.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1), ctx
}

// chromium is the browser to use.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Skip("there is no Chromium or Chrome in the PATH, and CHROMIUM names none: nobody looks at the site in a browser")
	return ""
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) { //nolint:revive // the test comes first, as in testing itself
	t.Helper()
	for i, step := range steps {
		if err := chromedp.Do(ctx, step); err != nil {
			t.Fatalf("step %d of %d: %v", i+1, len(steps), err)
		}
	}
}

func ask[T any](t *testing.T, ctx context.Context, question chromedp.Action[T]) T { //nolint:revive // as above
	t.Helper()
	answer, err := chromedp.Run(ctx, question)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

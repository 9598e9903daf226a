package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// asProgram makes this test binary the program itself.
const asProgram = "GRAPH_EMULATOR_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// running starts run and waits until it says where it listens.
func running(t *testing.T, args ...string) (graph, control string, log *buffer, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	log = &buffer{}
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, write, log)
		_ = write.CloseWithError(io.EOF)
		done <- err
	}()
	lines := bufio.NewScanner(read)
	for graph == "" && lines.Scan() {
		graph = strings.TrimPrefix(lines.Text(), "listening on ")
		if at, found := strings.CutPrefix(lines.Text(), "control on "); found {
			graph, control = "", at
		}
	}
	if graph == "" {
		cancel()
		t.Fatalf("it does not listen: %v", <-done)
	}
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return graph, control, log, stop
}

func TestTheSampleSeedIsServedAndLoggedWithoutPersonalData(t *testing.T) {
	dir := t.TempDir()
	ca, ready := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ready")
	graph, control, log, stop := running(t, "--bind-address=127.0.0.1:0", "--control-bind-address=127.0.0.1:0",
		"--seed-file=testdata/seed.yaml", "--ca-file="+ca, "--ready-file="+ready)
	if said, err := os.ReadFile(ready); err != nil || !strings.Contains(string(said), "listening on "+graph+"\n") {
		t.Errorf("ready file %q: %v", said, err)
	}
	client := trusting(t, ca)
	token := signIn(t, client, graph)
	for path, want := range map[string]string{
		"/v1.0/users('o''neill@contoso.example')/authentication/phoneMethods": "+1 2065550100",
		"/v1.0/users/ada@contoso.example?$select=id":                          "0f1c0000-0000-4000-8000-000000000001",
	} {
		if got := get(t, client, graph+path, token); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := get(t, http.DefaultClient, control+"/requests", ""); !strings.Contains(got, "phoneMethods") {
		t.Errorf("the control interface shows %s", got)
	}
	if err := stop(); err != nil {
		t.Errorf("stopped with %v", err)
	}
	for _, personal := range []string{"2065550", "contoso.example", "not+a+secret", token} {
		if strings.Contains(log.String(), personal) {
			t.Errorf("the log holds %q: %s", personal, log)
		}
	}
	if want := "method=GET path=/v1.0/users/0f1c0000-0000-4000-8000-000000000002/authentication/phoneMethods status=200"; !strings.Contains(log.String(), want) {
		t.Errorf("the log lacks %q: %s", want, log)
	}
}

func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func signIn(t *testing.T, client *http.Client, graph string) string {
	t.Helper()
	r, err := client.PostForm(graph+"/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"66666666-7777-8888-9999-000000000000"},
		"client_secret": {"not a secret"}, "scope": {graph + "/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var said struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil || said.Token == "" {
		t.Fatalf("no token: %d %v", r.StatusCode, err)
	}
	return said.Token
}

func get(t *testing.T, client *http.Client, url, token string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestTheFlagsSayWhichGraphItIs(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	graph, control, _, _ := running(t, "--bind-address=127.0.0.1:0", "--control-bind-address=127.0.0.1:0", "--seed-file=testdata/seed.yaml",
		"--ca-file="+ca, "--assume=unknownMethod=itemNotFound", "--assume=throttleCode=UnknownError", "--read-lag=0", "--listed-limits")
	if got := get(t, http.DefaultClient, control+"/assumptions", ""); !strings.Contains(got, `"unknownMethod":"itemNotFound"`) {
		t.Errorf("assumptions %s", got)
	}
	client := trusting(t, ca)
	token := signIn(t, client, graph)
	phones := graph + "/v1.0/users/ada@contoso.example/authentication/phoneMethods"
	if got := get(t, client, phones+"/3179e48a-750b-4051-897c-87b9720928f7", token); !strings.Contains(got, "itemNotFound") {
		t.Errorf("a phone that is not there: %s", got)
	}
	for range 4 {
		get(t, client, phones, token)
	}
	if got := get(t, client, phones, token); !strings.Contains(got, `"code":"UnknownError"`) {
		t.Errorf("the sixth request in a moment: %s", got)
	}
}

func TestWithoutAskingThereIsNoControlInterface(t *testing.T) {
	if _, control, _, _ := running(t, "--bind-address=127.0.0.1:0"); control != "" {
		t.Errorf("control on %s", control)
	}
}

func TestWhatTheProgramRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(broken, []byte("tenants: [{id: x}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	misspelt := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(misspelt, []byte("tenant: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"an address others reach":          {"--bind-address=0.0.0.0:0"},
		"a control address others reach":   {"--bind-address=127.0.0.1:0", "--control-bind-address=:0"},
		"a seed that is not there":         {"--seed-file=testdata/none.yaml"},
		"a seed that is wrong":             {"--seed-file=" + broken},
		"a seed that is misspelt":          {"--seed-file=" + misspelt},
		"a CA file that cannot be written": {"--bind-address=127.0.0.1:0", "--ca-file=testdata/none/ca.pem"},
		"an argument too many":             {"now"},
		"a guess there is none of":         {"--assume=weather=fine"},
		"a guess without a value":          {"--assume=duplicateType"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(context.Background(), args, io.Discard, io.Discard); err == nil {
				t.Error("it ran")
			}
		})
	}
}

func TestTheHelpTellsTheSeedAndTheControlPaths(t *testing.T) {
	var help bytes.Buffer
	_ = run(context.Background(), []string{"--help"}, io.Discard, &help)
	for _, want := range []string{"tenants:", "POST   /faults", "readBasic          basic or restriction or nothing", "duplicateType      badRequest or conflict"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("the help lacks %q", want)
		}
	}
}

func TestSIGTERMEndsTheProgramInPeace(t *testing.T) {
	program := exec.Command(os.Args[0], "--bind-address=127.0.0.1:0")
	program.Env = append(os.Environ(), asProgram+"=1")
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "listening on https://127.0.0.1:") {
		t.Errorf("it said %q: %v", line, err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestTheVersionIsPrinted(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, &out, io.Discard); err != nil || !strings.HasPrefix(out.String(), "graph-emulator ") {
		t.Errorf("%v: %q", err, out.String())
	}
}

// Command release makes what a release of Phone Operator has, into one directory, and needs neither a container engine nor
// any network but the Go module proxy. The same commit gives the same bytes, wherever and whenever it is built. It is a
// module of its own: nothing else needs a library for images.
//
//	make image                    the image alone, as an OCI layout in dist/image
//	make bundle                   the bundle for OLM alone, in dist/olm
//	make release VERSION=v0.1.0   everything; docs/release.md says what that is
//	make push-image               sends the image of dist/image to its registry
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// What a release is called, and where its files can be had.
const (
	title      = "Phone Operator"
	module     = "github.com/entraops/phone-operator"
	repository = "https://" + module
	license    = "Apache-2.0"
	operator   = "phone-operator"      // the operator in names of files
	plugin     = "kubectl-phonemethod" // the plugin, as kubectl looks for it
)

// release is what is to be made.
type release struct {
	root      string // of the repository
	dist      string // where everything goes
	version   string // v1.2.3
	image     string // without a tag
	changelog string // the file that has the notes
	source    source

	operatorPlatforms, pluginPlatforms []platform
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	r := release{root: "../..", changelog: "../../CHANGELOG.md", operatorPlatforms: images, pluginPlatforms: desktops}
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	flags.StringVar(&r.dist, "dist", "../../dist", "the `directory` for everything")
	flags.StringVar(&r.version, "version", "", "the `version`, such as v1.2.3; by default v0.0.0-g<commit> for image and bundle, and what was built for push")
	flags.StringVar(&r.image, "image", "ghcr.io/entraops/phone-operator", "the image's `name` without a tag")
	flags.Func("platforms", "the `platforms` of the image, with commas between them (linux/amd64,linux/arm64)", func(s string) (err error) {
		r.operatorPlatforms, err = platforms(s)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, path := range []*string{&r.root, &r.dist, &r.changelog} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if r.source, err = describe(ctx, r.root); err != nil {
		return err
	}
	what := flags.Arg(0)
	if r.version == "" && (what == "image" || what == "bundle") {
		r.version = "v0.0.0-g" + r.source.revision[:12]
	}
	switch what {
	case "bundle":
		return r.buildBundle(ctx)
	case "image":
		digest, err := r.buildImage(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%s:%s@%s\n", r.image, r.version, digest)
		return nil
	case "release":
		return r.build(ctx)
	case "push":
		return r.push(ctx)
	default:
		return fmt.Errorf("say what to make: image, bundle, release or push, not %q", what)
	}
}

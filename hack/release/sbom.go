package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM writes what is in the programs, which are one for several platforms, as CycloneDX. It is what the programs say
// themselves, so that nothing is listed that is only in go.mod. beside are modules of this program whose data is in the
// image.
func (r *release) writeSBOM(name string, programs []binary, beside ...string) error {
	found := map[string]cdx.Component{}
	for _, p := range programs {
		info, err := buildinfo.ReadFile(p.path)
		if err != nil {
			return err
		}
		goVersion := strings.TrimPrefix(info.GoVersion, "go")
		add(found, component("std", goVersion, cdx.ComponentTypeLibrary))
		for _, m := range info.Deps {
			c, err := fromModule(m, cdx.ComponentTypeLibrary)
			if err != nil {
				return err
			}
			add(found, c)
		}
	}
	own, ok := debug.ReadBuildInfo()
	for _, path := range beside {
		at := -1
		if ok {
			at = slices.IndexFunc(own.Deps, func(m *debug.Module) bool { return m.Path == path })
		}
		if at < 0 {
			return errors.New("this program was built without " + path)
		}
		c, err := fromModule(own.Deps[at], cdx.ComponentTypeData)
		if err != nil {
			return err
		}
		add(found, c)
	}
	text, err := r.encode(name, found)
	if err != nil {
		return err
	}
	return r.write(name+"_"+r.version+".cdx.json", text)
}

func (r *release) encode(name string, found map[string]cdx.Component) ([]byte, error) {
	main := component(module, r.version, cdx.ComponentTypeApplication)
	main.Name = name
	main.Licenses = &cdx.Licenses{{License: &cdx.License{ID: license}}}
	components := slices.SortedFunc(maps.Values(found), func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	needs, nodes := []string{}, []cdx.Dependency{}
	for _, c := range components {
		needs = append(needs, c.BOMRef)
		nodes = append(nodes, cdx.Dependency{Ref: c.BOMRef})
	}
	// Which module needs which is not in a program: all are needed by the program.
	nodes = append([]cdx.Dependency{{Ref: main.BOMRef, Dependencies: &needs}}, nodes...)
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp:  r.source.date.Format(time.RFC3339),
		Component:  &main,
		Properties: &[]cdx.Property{{Name: "phone-operator:revision", Value: r.source.label()}},
	}
	bom.Components, bom.Dependencies = &components, &nodes
	var text bytes.Buffer
	// A version that the tools of today read.
	err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
	return text.Bytes(), err
}

func add(to map[string]cdx.Component, c cdx.Component) { to[c.BOMRef] = c }

func fromModule(m *debug.Module, kind cdx.ComponentType) (cdx.Component, error) {
	if m.Replace != nil {
		m = m.Replace
	}
	c := component(m.Path, m.Version, kind)
	sum, isHash := strings.CutPrefix(m.Sum, "h1:")
	hash, err := base64.StdEncoding.DecodeString(sum)
	if err != nil || !isHash {
		return c, fmt.Errorf("the checksum of %s is %q", m.Path, m.Sum)
	}
	c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: fmt.Sprintf("%x", hash)}}
	return c, nil
}

func component(path, version string, kind cdx.ComponentType) cdx.Component {
	url := "pkg:golang/" + path + "@" + version
	return cdx.Component{Type: kind, BOMRef: url, PackageURL: url, Name: path, Version: version}
}

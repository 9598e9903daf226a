package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// checkVersion refuses what is no version, or cannot be the tag of an image.
func checkVersion(version string) error {
	// Canonical is without build metadata: a + is not allowed in a tag.
	if !semver.IsValid(version) || semver.Canonical(version) != version {
		return fmt.Errorf("the version is %q: it must be like v1.2.3 or v1.2.3-rc.1", version)
	}
	return nil
}

// source is the commit that a release is made of. Its time is the only one that gets into a release.
type source struct {
	revision string
	date     time.Time
	dirty    bool // whether files are not what was committed
}

// describe asks git what is checked out at root.
func describe(ctx context.Context, root string) (s source, err error) {
	head, err := output(ctx, root, nil, "git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return s, err
	}
	revision, seconds, _ := strings.Cut(strings.TrimSpace(string(head)), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return s, fmt.Errorf("the time of the commit: %w", err)
	}
	changed, err := output(ctx, root, nil, "git", "status", "--porcelain")
	return source{revision, time.Unix(unix, 0).UTC(), len(changed) > 0}, err
}

// label is the revision as an image tells it.
func (s source) label() string {
	if s.dirty {
		return s.revision + "-dirty"
	}
	return s.revision
}

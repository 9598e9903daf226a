package access

import "strings"

// glob is a pattern cut at its stars: the text before the first, between them,
// and after the last. A star stands for any characters, also none; nothing else
// is special, because guests' names hold # and others hold '.
//
// path.Match will not do: ? [ and \ are special there. Neither will one regular
// expression per pattern: a tenant may have thousands, at kilobytes each.
type glob []string

func compileGlobs(patterns []string) []glob {
	globs := make([]glob, len(patterns))
	for i, p := range patterns {
		globs[i] = strings.Split(foldASCII(p), "*")
	}
	return globs
}

// matches reports whether the whole of s, folded, is of the pattern. It never goes
// back: each text taken where it first occurs leaves the most for those after it.
func (g glob) matches(s string) bool {
	s, ok := strings.CutPrefix(s, g[0])
	if !ok {
		return false
	}
	if len(g) == 1 {
		return s == ""
	}
	last := len(g) - 1
	for _, text := range g[1:last] {
		if _, s, ok = strings.Cut(s, text); !ok {
			return false
		}
	}
	return strings.HasSuffix(s, g[last])
}

// foldASCII makes A to Z small and leaves every other byte alone. Folding all of
// Unicode would make one name of two: the Kelvin sign, for one, folds to k.
func foldASCII(s string) string {
	folded := []byte(s)
	for i, b := range folded {
		if 'A' <= b && b <= 'Z' {
			folded[i] = b + 'a' - 'A'
		}
	}
	return string(folded)
}

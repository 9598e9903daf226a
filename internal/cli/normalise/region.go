package normalise

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// named are the languages in which a country is known by its name.
var named = []language.Tag{
	language.English, language.German, language.French, language.Spanish, language.Italian, language.Portuguese,
	language.Dutch, language.Polish, language.Swedish, language.Danish, language.Norwegian, language.Finnish, language.Czech,
}

// aliases are names that people use and no list of the Unicode consortium has first.
var aliases = map[string]string{
	"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "u.s.": "US", "u.s.a.": "US",
	"united states of america": "US", "holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "korea": "KR",
}

var regionNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, tag := range named {
		namer := display.Regions(tag)
		for region := range phonenumbers.GetSupportedRegions() {
			if parsed, err := language.ParseRegion(region); err == nil {
				names[strings.ToLower(namer.Name(parsed))] = region
			}
		}
	}
	maps.Copy(names, aliases)
	return names
})

// Regions are the countries that have telephones, by two capitals.
func Regions() []string { return slices.Sorted(maps.Keys(phonenumbers.GetSupportedRegions())) }

// Region is the country that a cell names: by two letters, three letters, or its name in
// one of the larger languages of Europe. It is ISO 3166's two capitals, or false for
// what names no country that has telephones.
func Region(cell string) (string, bool) {
	cell = strings.ToLower(strings.TrimSpace(cell))
	if region, found := regionNames()[cell]; found {
		return region, true
	}
	if len(cell) != 2 && len(cell) != 3 || digits(cell) != "" {
		return "", false
	}
	parsed, err := language.ParseRegion(cell)
	if err != nil {
		return "", false
	}
	region := parsed.Canonicalize().String()
	return region, phonenumbers.GetCountryCodeForRegion(region) != 0
}

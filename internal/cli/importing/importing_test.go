package importing_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/cli/importing"
	"github.com/entraops/phone-operator/internal/cli/sheet"
	"github.com/entraops/phone-operator/internal/phone"
)

func open(t testing.TB, text, region string, named map[importing.Role]string) importing.Import {
	t.Helper()
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := sheet.Open(path, sheet.Format{}, func(header []string) int { return importing.Score(header, named) })
	if err != nil {
		t.Fatal(err)
	}
	columns, err := importing.Find(f.Header, named)
	if err != nil {
		t.Fatal(err)
	}
	return importing.Import{Rows: f.Rows, Columns: columns, DefaultRegion: region}
}

// outcome is what became of a table, in lines that are easy to compare.
func outcome(t testing.TB, i importing.Import) (phones, findings []string, s importing.Summary) {
	t.Helper()
	s, err := i.Run(func(p importing.Phone) error {
		phones = append(phones, fmt.Sprintf("%d %s %s %s", p.Line, p.User, p.Type, p.Number.Graph()))
		return nil
	}, func(f importing.Finding) {
		if strings.Contains(fmt.Sprint(f), "55501") {
			t.Errorf("a finding has a number: %+v", f)
		}
		findings = append(findings, fmt.Sprintf("%d %s: %s %s", f.Line, f.Column, f.Kind, f.Reason))
	})
	if err != nil {
		t.Fatal(err)
	}
	return phones, findings, s
}

func TestTheNativeForm(t *testing.T) {
	phones, findings, _ := outcome(t, open(t, strings.Join([]string{
		"UPN,PhoneType,PhoneNumber",
		"ada@contoso.com,mobile,+1 2065550100",
		"ada@contoso.com,Alternate Mobile,+1 2065550101",
		"ben@contoso.com,office,+1 2065550102x12",
		"cora@contoso.com,fax,+1 2065550103",
		"dan@contoso.com,mobile,",
	}, "\n"), "", nil))
	if diff := cmp.Diff([]string{
		"2 ada@contoso.com mobile +1 2065550100", "3 ada@contoso.com alternateMobile +1 2065550101", "4 ben@contoso.com office +1 2065550102x12",
	}, phones); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"5 PhoneType: refused UnknownPhoneType"}, findings); diff != "" {
		t.Error(diff)
	}
}

func TestAnHRTable(t *testing.T) {
	phones, findings, s := outcome(t, open(t, strings.Join([]string{
		"Name;User name [userPrincipalName] Required;Handy;Business Phone;Country",
		`"Lovelace, Ada";ada@contoso.com;206 555 0100;;US`,
		`"Bell, Ben";ben@contoso.com;;206-555-0101 ext. 12;United States`,
		`"Coral, Cora";cora@contoso.com;206 555 0102;;`,
		`"Doe, Dan";dan;+1 206 555 0103;;US`,
		`"Eve, Erin";erin@contoso.com;2.06555E+9;+1 206 555 0104;US`,
		`"Fox, Fred";fred@contoso.com;;n/a;US`,
		`Gold, Gina;gina@contoso.com;+1 206 555 0105;;US;`,
		`Gray; Gil;gil@contoso.com;+1 206 555 0106;;US`,
		`"Hut, Hans";hans@contoso.com;020 7946 0107;;Narnia`,
	}, "\n"), "US", nil))
	if diff := cmp.Diff([]string{
		"2 ada@contoso.com mobile +1 2065550100", "3 ben@contoso.com office +1 2065550101x12",
		"4 cora@contoso.com mobile +1 2065550102", "6 erin@contoso.com office +1 2065550104", "8 gina@contoso.com mobile +1 2065550105",
	}, phones); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"2 Handy: guess CountryOfColumn", "3 Business Phone: guess CountryOfColumn", "4 Handy: guess CountryOfDefault",
		"5 User name [userPrincipalName] Required: refused NotAPrincipalName", "6 Handy: refused ScientificNotation",
		"9 : refused Unreadable", "10 Handy: refused NoCountry",
	}, findings); diff != "" {
		t.Error(diff)
	}
	if s.Rows != 9 || s.Phones != 5 || s.Empty != 1 || s.Counts[importing.Refused] != 4 || s.Reasons[importing.Guessed]["CountryOfColumn"] != 2 {
		t.Errorf("got %+v", s)
	}
}

func TestWhatIsThereTwice(t *testing.T) {
	phones, findings, _ := outcome(t, open(t, strings.Join([]string{
		"UPN,Mobile,Office",
		"ada@contoso.com,+1 2065550100,",
		"ben@contoso.com,+1 2065550101,",
		"ADA@contoso.com,+1 (206) 555-0100,",
		"ben@contoso.com,+1 2065550102,",
		"cora@contoso.com,+1 2065550103,+1 2065550103",
		"dan@contoso.com,,+1 2065550103",
		"erin@contoso.com,+1 2065550103,",
	}, "\n"), "", nil))
	if diff := cmp.Diff([]string{
		"6 cora@contoso.com mobile +1 2065550103", "6 cora@contoso.com office +1 2065550103", "7 dan@contoso.com office +1 2065550103",
		"8 erin@contoso.com mobile +1 2065550103", "2 ada@contoso.com mobile +1 2065550100",
	}, phones); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"4 Mobile: duplicate SamePhone", "5 Mobile: refused TwoNumbersForOnePhone", "7 Office: shared SharedNumber",
		"8 Mobile: shared SharedNumber", "3 Mobile: refused TwoNumbersForOnePhone",
	}, findings); diff != "" {
		t.Error(diff)
	}
}

// A column of phones that nobody reads is told: with it somebody's phone would be left out without a word.
func TestColumnsThatAreNotRead(t *testing.T) {
	for header, want := range map[string][]string{
		"UPN,Mobile,Alternative mobile,Office":          nil,
		"UPN,Mobile,MobilePhone,mobile":                 {"Mobile", "mobile"},
		"UPN,PhoneType,PhoneNumber,Tel 2":               {"Tel 2"},
		"UPN,Mobile,Office,Private cell,Hotel,Template": {"Private cell"},
	} {
		c, err := importing.Find(strings.Split(header, ","), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.Ignored()); diff != "" {
			t.Errorf("%s: %s", header, diff)
		}
	}
}

func TestFind(t *testing.T) {
	type roles = map[importing.Role]string
	for name, tc := range map[string]struct {
		header string
		named  roles
		want   roles
		wrong  string
	}{
		"Entra's download": {"userPrincipalName,displayName,mail,id,usageLocation,country,telephoneNumber,mobilePhone", nil,
			roles{"user": "userPrincipalName", "region": "usageLocation", "office": "telephoneNumber", "mobile": "mobilePhone"}, ""},
		"the older one, authentication first": {"userPrincipalName,mobile,authenticationPhoneNumber,authenticationAlternativePhoneNumber,objectId", nil,
			roles{"user": "userPrincipalName", "mobile": "authenticationPhoneNumber", "alternateMobile": "authenticationAlternativePhoneNumber"}, ""},
		"phone methods of Graph PowerShell": {"Id,PhoneNumber,PhoneType,UserPrincipalName", nil,
			roles{"user": "UserPrincipalName", "phoneType": "PhoneType", "phoneNumber": "PhoneNumber"}, ""},
		"MSOnline": {"UserName,UserPrincipalName,MFAStatus,PhoneNumber,AlternativePhoneNumber", nil,
			roles{"user": "UserPrincipalName", "mobile": "PhoneNumber", "alternateMobile": "AlternativePhoneNumber"}, ""},
		"MFA Server": {"Username,Primary Phone,Primary Country Code,Backup Phone", nil,
			roles{"user": "Username", "mobile": "Primary Phone", "callingCode": "Primary Country Code", "alternateMobile": "Backup Phone"}, ""},
		"a person's names": {"Konto,Tel 1,Tel 2,Mobile", roles{"user": "Konto", "office": "tel1", "mobile": ""},
			roles{"user": "Konto", "office": "Tel 1"}, ""},
		"a name that is not there": {"UPN,Mobile", roles{"office": "Tel"}, nil, "there is no column"},
		"no user":                  {"Mobile,Office", nil, nil, "no column names the user"},
		"no phone":                 {"UPN,displayName", nil, nil, "no column has a phone"},
		"registration details":     {"id,userPrincipalName,isMfaRegistered,methodsRegistered", nil, nil, "no column has a phone"},
		"nothing":                  {"a,b", nil, nil, "no column has a name that is known"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := importing.Find(strings.Split(tc.header, ","), tc.named)
			if tc.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := roles{}
			for _, role := range importing.Roles() {
				if name := c.Name(role); name != "" {
					got[role] = name
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNamesAreThoseOfOneUser(t *testing.T) {
	names := map[string]string{}
	for user, want := range map[string]string{
		"Ada@contoso.com": "ada-at-contoso.com-mobile", "jean-luc.p@contoso.com": "jean-luc.p-at-contoso.com-mobile",
		"0f1c3e48-750b-4051-897c-87b9720928f7": "0f1c3e48-750b-4051-897c-87b9720928f7-mobile",
		"o'neil@contoso.com":                   "", "o.neil@contoso.com": "", "o_neil@contoso.com": "", "x-at@b-c.com": "", "x@at-b-c.com": "", "a-at-b@c.com": "",
		"a@b-at-c.com": "", "_@contoso.com": "", "a..b@contoso.com": "", "g_x.com#EXT#@c.onmicrosoft.com": "", "a.-b@contoso.com": "",
	} {
		name := importing.Phone{User: user, Type: phone.Mobile}.Name()
		if want != "" && name != want {
			t.Errorf("%s: %s, want %s", user, name, want)
		}
		if other, taken := names[name]; taken {
			t.Errorf("%s and %s are both %s", user, other, name)
		}
		names[name] = user
	}
}

func TestAFolderIsTheSameEachTime(t *testing.T) {
	var table strings.Builder
	table.WriteString("UPN,Mobile\n")
	for n := range 2500 {
		fmt.Fprintf(&table, "user%d@contoso.com,+1 20655%05d\n", n, n)
	}
	i, dir := open(t, table.String(), "", nil), filepath.Join(t.TempDir(), "out")
	for attempt, want := range []int{3, 0} {
		f, err := importing.NewFolder(dir, importing.Style{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Run(f.Put, func(importing.Finding) {}); err != nil {
			t.Fatal(err)
		}
		left, err := f.End()
		f.Close()
		if err != nil || len(left) != 0 || f.Changed != want {
			t.Errorf("attempt %d: %d changed, want %d; left %v, %v", attempt, f.Changed, want, left, err)
		}
	}
	f, err := importing.NewFolder(dir, importing.Style{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left, err := f.End(); err != nil || len(left) != 3 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestAnImportEndsWithTheFirstError(t *testing.T) {
	var table strings.Builder
	table.WriteString("UPN,Mobile\n")
	for n := range 5000 { // more than is read ahead
		fmt.Fprintf(&table, "user%d@contoso.com,+1 20655%05d\n", n, n)
	}
	i, full := open(t, table.String(), "", nil), errors.New("the disk is full")
	puts := 0
	_, err := i.Run(func(importing.Phone) error {
		puts++
		return full
	}, func(importing.Finding) {})
	if !errors.Is(err, full) || puts != 1 {
		t.Errorf("%v after %d", err, puts)
	}

	rows, gone, pass := i.Rows, errors.New("the file is gone"), 0
	i.Rows = func(do func(sheet.Row) error) error {
		if pass++; pass == 1 {
			return rows(do)
		}
		n := 0
		return rows(func(row sheet.Row) error {
			if n++; n == 3000 {
				return gone
			}
			return do(row)
		})
	}
	if _, err := i.Run(func(importing.Phone) error { return nil }, func(importing.Finding) {}); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// FuzzRun: whatever is in a table, no two resources have one name, each row is counted, and no finding has a number.
func FuzzRun(f *testing.F) {
	f.Add("UPN,Mobile,Office\nada@contoso.com,+1 2065550100,+1 2065550101x12\nADA@contoso.com,+12065550100,\n")
	f.Add("UPN;PhoneType;PhoneNumber;Country\na-at@b.com;mobile;206 555 0100;US\na@at-b.com;mobile;4.9E+12;US\n\"x;y\n")
	f.Fuzz(func(t *testing.T, table string) {
		path := filepath.Join(t.TempDir(), "people.csv")
		if err := os.WriteFile(path, []byte(table), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := sheet.Open(path, sheet.Format{}, func(header []string) int { return importing.Score(header, nil) })
		if err != nil {
			return
		}
		columns, err := importing.Find(file.Header, nil)
		if err != nil {
			t.Fatalf("a header that scores is not found: %v", err)
		}
		names := map[string]bool{}
		s, err := importing.Import{Rows: file.Rows, Columns: columns, DefaultRegion: "US"}.Run(func(p importing.Phone) error {
			if names[p.Name()] {
				t.Fatalf("two resources are named %s", p.Name())
			}
			names[p.Name()] = true
			return nil
		}, func(found importing.Finding) {
			if found.Number != "" && !strings.Contains(found.Number, "*") {
				t.Fatalf("a finding has a number: %+v", found)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.Phones != len(names) {
			t.Fatalf("%d phones, %d names", s.Phones, len(names))
		}
	})
}

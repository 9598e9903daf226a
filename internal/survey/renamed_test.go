package survey

import "testing"

func TestANameThatChangesHandsBetweenTheListAndTheRead(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 40)
	was, heir := n.ids[30], n.ids[31]
	name := was[:8] + "@contoso.com"
	once := false
	_, err := Run(t.Context(), n.Options, func(p Person) error {
		if !once {
			once = true
			must(t, n.graph.RenameUser(was, "left@contoso.com"))
			must(t, n.graph.RenameUser(heir, name))
		}
		if p.ID == was && len(p.Phones) > 0 && p.Name == name {
			t.Errorf("the number of %s is declared for %s, who is %s by now", was, p.Name, heir)
		}
		return nil
	})
	must(t, err)
}

func TestARenamedUserWhomTheRulesNowHide(t *testing.T) {
	t.Parallel()
	n := newTenant(t, 40)
	n.coversContoso(t)
	hidden := n.ids[30]
	once := false
	_, err := Run(t.Context(), n.Options, func(p Person) error {
		if !once {
			once = true
			must(t, n.graph.RenameUser(hidden, "chief@fabrikam.com"))
		}
		if p.ID == hidden && len(p.Phones) > 0 {
			t.Error("the phones of a user are handed on whom no rule covers any more")
		}
		return nil
	})
	must(t, err)
}

package emulator_test

import (
	"fmt"

	"github.com/entraops/phone-operator/internal/emulator"
)

// A test starts a Graph, fills it, lets its client work and looks at what is there.
func Example() {
	e := emulator.New(emulator.Options{})
	err := e.Load(emulator.Seed{
		Tenants: []emulator.Tenant{{ID: "11111111-2222-3333-4444-555555555555"}},
		Apps: []emulator.App{{
			ClientID: "66666666-7777-8888-9999-000000000000", Secret: "a test secret",
			Roles: []string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All"},
		}},
		Users: []emulator.User{{
			ID: "0f1c0000-0000-4000-8000-000000000001", UPN: "ada@contoso.example",
			Phones: map[string]string{emulator.Mobile: "+12065550100"},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := emulator.Serve(e, "127.0.0.1:0") // trust server.CAPEM, sign in at server.URL
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Close() }()

	// The next POST is done, but its answer is lost.
	err = e.AddFault(emulator.Fault{Method: "POST", Path: "phoneMethods$", Times: 1, Effect: emulator.Cut, AfterWork: true})
	fmt.Println(err, e.Phones("0f1c0000-0000-4000-8000-000000000001")[0].Number, len(e.Writes()))
	// Output: <nil> +1 2065550100 0
}

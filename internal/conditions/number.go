package conditions

import "fmt"

// Why there is no number to work with. name and key are of the Secret in
// spec.phoneNumberFrom.

// NoSecret says that the Secret is not there.
func NoSecret(name, key string) string {
	return fmt.Sprintf("There is no Secret %q in this namespace: create it with the number under key %q.", name, key)
}

// SecretForbidden says that the operator may not read the Secret.
func SecretForbidden(name string) string {
	return fmt.Sprintf("The operator may not read Secret %q: ask an administrator of the cluster "+
		"to give its ServiceAccount the right to get Secrets in this namespace.", name)
}

// NoSecretKey says that the Secret has no such key.
func NoSecretKey(name, key string) string {
	return fmt.Sprintf("Secret %q has no key %q: add it, with the number as its value.", name, key)
}

// NoNumberInSecret is one sentence whatever the value is: a resource can name any Secret of
// its namespace, and must not tell what kind of thing it holds.
func NoNumberInSecret(name, key string) string {
	return fmt.Sprintf("What is in key %q of Secret %q is no phone number that can be used: write \"+<country code> <number>\", an office "+
		"phone's also with \"x<extension>\", on one line of plain ASCII text, without characters that cannot be seen (such as a byte order mark).", key, name)
}

// InvalidNumber says what is wrong with spec.phoneNumber.
func InvalidNumber(err error) string {
	return fmt.Sprintf("The number in spec.phoneNumber cannot be used: %v.", err)
}

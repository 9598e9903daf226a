// Package normalise reads phone numbers as people and spreadsheets write them:
// "0171 / 123 45 67", "(206) 555-0100 ext. 12", "0049 (0)30 1234567-148".
//
// Number returns the number and every guess that was needed to read it, or a Refusal
// where a guess would be too bold: two numbers in one cell, digits that a spreadsheet
// destroyed, a number without any country. It is pure, and knows countries and lengths
// from libphonenumber's metadata.
//
// The package leaves out where the cell comes from and what becomes of the number.
package normalise

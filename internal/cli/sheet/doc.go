// Package sheet reads tables that spreadsheets and scripts export as text: it finds out encoding and delimiter, finds the
// line with the columns' names, and hands out the rows one at a time, each with its line.
//
// A row that cannot be read has a problem in place of its cells, and the next one follows: a quote that is never closed
// costs one line, not the rest of the file. No row takes more memory than maxRecord.
//
// What the columns mean is the caller's business.
package sheet

package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// TokenKind is what a Token of SQL text is.
type TokenKind uint8

const (
	Word   TokenKind = iota + 1 // a keyword or an unquoted name
	Quoted                      // a "quoted name"
	String                      // a 'text'
	Number
	Param // ?
	Punct // an operator or a separator, one character
)

// Token is a piece of SQL text: sql[Pos:End].
type Token struct {
	Kind     TokenKind
	Pos, End int
	Text     string // as written
}

// Is reports whether the token is that keyword or character, in any case.
func (t Token) Is(word string) bool {
	return (t.Kind == Word || t.Kind == Punct) && strings.EqualFold(t.Text, word)
}

// Value is the text of a String or Quoted token without its quotes, of any other as written.
func (t Token) Value() string {
	if (t.Kind != String && t.Kind != Quoted) || len(t.Text) < 2 {
		return t.Text
	}
	q := t.Text[:1]
	return strings.ReplaceAll(t.Text[1:len(t.Text)-1], q+q, q)
}

// Tokens splits SQL text, leaving out blanks and comments. It is made for hints and for finding where a statement
// begins, not for judging what is safe: that is done on the engine's own parse tree.
func Tokens(sql string) []Token {
	var out []Token
	for i := 0; i < len(sql); {
		c := sql[i]
		start := i
		kind := Punct
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
			i++
			continue
		case strings.HasPrefix(sql[i:], "--"):
			i = indexFrom(sql, i, "\n")
			continue
		case strings.HasPrefix(sql[i:], "/*"):
			i = skipComment(sql, i)
			continue
		case c == '\'':
			kind, i = String, skipQuoted(sql, i)
		case c == '"':
			kind, i = Quoted, skipQuoted(sql, i)
		case c == '?':
			kind = Param
			i++
		case c >= '0' && c <= '9':
			kind = Number
			for i < len(sql) && (isWordByte(sql[i]) || sql[i] == '.') {
				i++
			}
		case isWordByte(c):
			kind = Word
			for i < len(sql) {
				if isWordByte(sql[i]) && sql[i] < utf8.RuneSelf {
					i++
					continue
				}
				r, n := utf8.DecodeRuneInString(sql[i:])
				if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
					break
				}
				i += n
			}
			if i == start { // a stray byte or symbol
				kind = Punct
				_, n := utf8.DecodeRuneInString(sql[i:])
				i += n
			}
		default:
			i++
		}
		out = append(out, Token{kind, start, i, sql[start:i]})
	}
	return out
}

func isWordByte(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func indexFrom(s string, i int, sep string) int {
	if j := strings.Index(s[i:], sep); j >= 0 {
		return i + j + len(sep)
	}
	return len(s)
}

func skipQuoted(s string, i int) int {
	q := s[i]
	for i++; i < len(s); i++ {
		if s[i] != q {
			continue
		}
		if i+1 < len(s) && s[i+1] == q {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func skipComment(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return i
}

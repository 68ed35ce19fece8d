package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail/internal/web"
)

// keyFileName is the API keys' file in the home folder.
const keyFileName = "keys.json"

func newKeys() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Make, list and revoke the API keys of serve",
		Long: `Keys keeps the API keys of fundtrail serve in the home folder, in a file that only its
owner may read. Of a key its SHA-256 is kept and never the key: it is shown once, when it
is made. A running server takes changes up within seconds.

To rotate a key without a gap: keys add --replaces ID makes one like it, both are good
until the old one's --grace is over.
` + exitCodes,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newKeysAdd(), newKeysList(), newKeysRevoke())
	return c
}

func keyFile(home *homeFlag) (*web.KeyFile, error) {
	dir, err := home.path()
	if err != nil {
		return nil, err
	}
	return &web.KeyFile{Path: filepath.Join(dir, keyFileName)}, nil
}

type keyFlags struct {
	homeFlag
	scopes   []string
	expires  string
	rate     string
	replaces string
	grace    string
}

func newKeysAdd() *cobra.Command {
	f := &keyFlags{}
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an API key and print it, once",
		Long: `Add makes an API key and prints it on standard output, once: only its digest is kept.
The name is for the people who look after keys, a customer's or a program's.

Scopes: screen (ask questions), lists (read lists and their differences), record (read
the decision record), admin (metrics, reload). They do not include one another.
` + exitCodes,
		Example: `  fundtrail keys add payments
  fundtrail keys add prometheus --scope admin --expires 90d
  fundtrail keys add payments --replaces 3f9a01c4 --grace 7d`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("keys add takes one name for the key")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return addKey(c, f, args[0]) },
	}
	f.register(c)
	c.Flags().StringSliceVar(&f.scopes, "scope", []string{"screen", "lists"}, "what the key may do: screen, lists, record, admin (repeat)")
	c.Flags().StringVar(&f.expires, "expires", "", "when it ends: a day, or how long from now as `90d` or 12h (default never)")
	c.Flags().StringVar(&f.rate, "rate", "", "the most items `N` a second (default the server's --rate)")
	c.Flags().StringVar(&f.replaces, "replaces", "", "`ID` of the key that this one is to replace; takes its scopes and rate where none are given")
	c.Flags().StringVar(&f.grace, "grace", "7d", "how long the replaced key stays good")
	return c
}

func addKey(c *cobra.Command, f *keyFlags, name string) error {
	file, err := keyFile(&f.homeFlag)
	if err != nil {
		return err
	}
	now := time.Now()
	k := web.APIKey{Name: name}
	for _, s := range f.scopes {
		k.Scopes = append(k.Scopes, web.Scope(s))
	}
	if f.rate != "" {
		if k.Rate, err = strconv.ParseFloat(f.rate, 64); err != nil || !(k.Rate > 0 && k.Rate <= 1e9) {
			return usage("--rate %q: want items a second, as 500 or 0.5", f.rate)
		}
	}
	if k.Expires, err = parseWhen("--expires", f.expires, now); err != nil {
		return err
	}
	var until time.Time
	if f.replaces != "" {
		if until, err = parseWhen("--grace", f.grace, now); err != nil {
			return err
		}
		keys, err := file.Load()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(keys, func(k web.APIKey) bool { return k.ID == f.replaces })
		if i < 0 {
			return fmt.Errorf("no key %q to replace; fundtrail keys list shows them", f.replaces)
		}
		if !c.Flags().Changed("scope") {
			k.Scopes = keys[i].Scopes
		}
		if f.rate == "" {
			k.Rate = keys[i].Rate
		}
	}
	secret, k, err := file.Add(k)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), secret)
	fmt.Fprintf(c.ErrOrStderr(), "fundtrail: key %s (%s) may %s; this is the only time it is shown\n", k.ID, k.Name, scopeWords(k.Scopes))
	if f.replaces != "" {
		old, err := file.Expire(f.replaces, until)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.ErrOrStderr(), "fundtrail: key %s is good until %s\n", old.ID, old.Expires.UTC().Format(time.RFC3339))
	}
	return nil
}

func scopeWords(scopes []web.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ",")
}

// parseWhen reads a day, a time, or a span from now: 90d, 12h, 30m.
func parseWhen(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if d, err := parseSpan(s); err == nil {
		return now.Add(d), nil
	}
	return time.Time{}, usage("%s %q: want a day as 2027-01-31, or a span as 90d or 12h", flag, s)
}

// parseSpan is time.ParseDuration with days.
func parseSpan(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = fmt.Errorf("negative span %q", s)
	}
	return d, err
}

func newKeysList() *cobra.Command {
	var home homeFlag
	c := &cobra.Command{
		Use:   "list",
		Short: "List the API keys, without the keys themselves",
		Long: `List prints every key that was made, newest last: id, name, state, scopes, rate, and when
it was made, ends or was revoked. The keys themselves are kept nowhere.
` + exitCodes,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			file, err := keyFile(&home)
			if err != nil {
				return err
			}
			keys, err := file.Load()
			if err != nil {
				return err
			}
			if len(keys) == 0 {
				fmt.Fprintf(c.ErrOrStderr(), "fundtrail: no keys in %s; keys add makes one\n", file.Path)
				return nil
			}
			return printKeys(c.OutOrStdout(), keys, time.Now())
		},
	}
	home.register(c)
	return c
}

func printKeys(w io.Writer, keys []web.APIKey, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME\tSTATE\tSCOPES\tRATE\tMADE\tENDS")
	for i := range keys {
		k := &keys[i]
		rate, ends := "server's", "never"
		if k.Rate > 0 {
			rate = strconv.FormatFloat(k.Rate, 'f', -1, 64) + "/s"
		}
		switch {
		case !k.Revoked.IsZero():
			ends = k.Revoked.UTC().Format(time.RFC3339)
		case !k.Expires.IsZero():
			ends = k.Expires.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.State(now), scopeWords(k.Scopes), rate, k.Created.UTC().Format(time.RFC3339), ends)
	}
	return t.Flush()
}

func newKeysRevoke() *cobra.Command {
	var home homeFlag
	c := &cobra.Command{
		Use:   "revoke ID...",
		Short: "End API keys now",
		Long: `Revoke ends keys at once; a running server refuses them within seconds. Their lines stay
in the list, so that the record's callers keep their names.
` + exitCodes,
		Example: `  fundtrail keys revoke 3f9a01c4`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("keys revoke takes the keys' ids; keys list shows them")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			file, err := keyFile(&home)
			if err != nil {
				return err
			}
			for _, id := range args {
				k, err := file.Revoke(id)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "revoked %s (%s)\n", k.ID, k.Name)
			}
			return nil
		},
	}
	home.register(c)
	return c
}

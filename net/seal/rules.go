package seal

// Rules are what a group's admins say of who may do what in it. Its zero value
// are those of a group of which nobody said anything.
type Rules struct {
	OnlyAdmins bool // admins and owners alone write
}

const ruleOnlyAdmins = 1

func (r Rules) bits() (b byte) {
	if r.OnlyAdmins {
		b |= ruleOnlyAdmins
	}
	return b
}

// rulesOf reads rules; false for those of a newer version.
func rulesOf(b byte) (Rules, bool) {
	return Rules{OnlyAdmins: b&ruleOnlyAdmins != 0}, b <= ruleOnlyAdmins
}

// Rules are those that hold now.
func (c *Conversation) Rules() Rules { return c.rulesAt(uint64(len(c.hashes))) }

func (c *Conversation) rulesAt(seq uint64) Rules {
	for i := len(c.rules) - 1; i >= 0; i-- {
		if c.rules[i].seq <= seq {
			return c.rules[i].rules
		}
	}
	return Rules{}
}

// writes tells whether a member with this role may write under the rules.
func (r Rules) writes(role Role) bool { return !r.OnlyAdmins || role >= Admin }

// MayWrite tells whether somebody is a member who may write now.
func (c *Conversation) MayWrite(root Hash) bool {
	m, is := c.Member(root)
	return is && c.Rules().writes(m.Role)
}

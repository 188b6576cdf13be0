package widgets

import (
	"slices"
	"strings"
)

// emoji is one that can be picked, and the words that find it.
type emoji struct {
	sign  string
	words string
}

// emojiTable lists what can be picked, a line each: the sign, then the words
// that find it. A line that begins with # names the group that follows.
const emojiTable = `
# Smileys
😀 grin smile happy
😃 smile happy open
😄 laugh happy
😁 beam grin
😆 laugh squint
😅 sweat relief laugh
🤣 rolling laugh rofl
😂 joy tears laugh
🙂 smile slight
🙃 upside down
😉 wink
😊 blush smile
😇 angel halo
🥰 love hearts
😍 love heart eyes
🤩 star struck wow
😘 kiss
😗 kiss
😚 kiss closed
😋 yum tasty
😛 tongue
😜 wink tongue crazy
🤪 zany crazy
😝 tongue squint
🤑 money
🤗 hug
🤭 oops giggle
🤫 quiet shush secret
🤔 think hmm
🤐 zip secret
🤨 eyebrow doubt
😐 neutral
😑 blank
😶 silent
😏 smirk
😒 unamused
🙄 eyes roll
😬 grimace awkward
😌 relieved calm
😔 sad pensive
😪 sleepy
🤤 drool
😴 sleep zzz
😷 mask ill
🤒 fever ill
🤕 hurt bandage
🤢 sick nausea
🤮 vomit
🤧 sneeze cold
🥵 hot
🥶 cold freezing
🥴 woozy
😵 dizzy
🤯 mind blown
🤠 cowboy
🥳 party celebrate
😎 cool sunglasses
🤓 nerd
🧐 monocle
😕 confused
😟 worried
🙁 frown sad
😮 wow open mouth
😯 hushed
😲 astonished
😳 flushed
🥺 please pleading
😦 frown open
😨 fear
😰 anxious sweat
😥 sad relieved
😢 cry sad tear
😭 sob cry
😱 scream shock
😖 confounded
😣 persevere
😞 disappointed
😓 sweat
😩 weary
😫 tired
🥱 yawn bored
😤 triumph huff
😡 angry rage
😠 angry
🤬 swear
😈 devil smile
💀 skull dead
💩 poo
🤡 clown
👻 ghost
👽 alien
🤖 robot
# People
👋 wave hello bye
🤚 raised back hand
🖐️ hand fingers
✋ stop high five hand
🖖 vulcan
👌 ok perfect
🤏 pinch small
✌️ victory peace
🤞 fingers crossed luck
🤟 love you hand
🤘 rock horns
🤙 call me
👈 left point
👉 right point
👆 up point
👇 down point
☝️ one point up
👍 thumbs up yes good like
👎 thumbs down no bad
✊ fist
👊 punch fist
👏 clap bravo
🙌 hooray hands celebrate
👐 open hands
🤲 palms
🤝 handshake deal
🙏 please thanks pray
✍️ write
💪 strong muscle
👀 eyes look
🧠 brain
👂 ear listen
👶 baby
🧒 child
👦 boy
👧 girl
👨 man
👩 woman
👴 old man
👵 old woman
🤷 shrug
🤦 facepalm
🙋 raise hand
🙇 bow sorry
💃 dance
🏃 run
🚶 walk
👪 family
# Hearts
❤️ heart love red
🧡 heart orange
💛 heart yellow
💚 heart green
💙 heart blue
💜 heart purple
🖤 heart black
🤍 heart white
🤎 heart brown
💔 broken heart
💕 hearts two
💖 heart sparkle
💯 hundred perfect
💥 bang boom
💫 dizzy star
💦 drops
💤 sleep zzz
💬 talk bubble
# Nature
🐶 dog
🐱 cat
🐭 mouse
🐰 rabbit
🦊 fox
🐻 bear
🐼 panda
🦁 lion
🐮 cow
🐷 pig
🐸 frog
🐵 monkey
🙈 see no evil monkey
🐔 chicken
🐧 penguin
🐦 bird
🦆 duck
🦉 owl
🐝 bee
🦋 butterfly
🐌 snail
🐢 turtle
🐍 snake
🐙 octopus
🐟 fish
🐬 dolphin
🐳 whale
🌵 cactus
🌲 tree
🌴 palm
🌱 plant seedling
🍀 clover luck
🍁 leaf autumn
🌹 rose flower
🌻 sunflower
🌸 blossom flower
🌍 earth world
🌙 moon
⭐ star
🌟 star glow
✨ sparkles
⚡ lightning
🔥 fire hot
☀️ sun
⛅ cloud sun
🌧️ rain
⛄ snowman
❄️ snow
🌈 rainbow
🌊 wave sea
# Food
🍎 apple
🍌 banana
🍇 grapes
🍓 strawberry
🍑 peach
🍍 pineapple
🥑 avocado
🍅 tomato
🥕 carrot
🌽 corn
🍞 bread
🧀 cheese
🥚 egg
🥓 bacon
🍔 burger
🍟 fries
🍕 pizza
🌮 taco
🥗 salad
🍝 pasta
🍜 noodles soup
🍣 sushi
🍦 ice cream
🍩 donut
🍪 cookie
🎂 cake birthday
🍰 cake
🍫 chocolate
🍿 popcorn film
☕ coffee
🍵 tea
🍺 beer
🍻 beers cheers
🥂 cheers glasses
🍷 wine
🍾 champagne
# Things
⚽ football soccer
🏀 basketball
🎾 tennis
🏆 trophy win
🥇 gold medal first
🎯 target
🎮 game
🎲 dice
🎨 art paint
🎬 film clapper
🎤 microphone sing
🎧 headphones music
🎵 music note
🎸 guitar
🎹 piano
📷 camera
📹 video
🎥 film camera
📺 television
📱 phone
💻 laptop computer
⌨️ keyboard
🖨️ printer
💾 disk save
💿 disc
🔋 battery
💡 idea light
🔦 torch
📚 books
📖 book
📰 newspaper
📎 paperclip attach
📌 pin
📝 note write
📁 folder
📅 calendar date
📈 chart up
📉 chart down
📦 package box
📧 mail
🔒 lock
🔑 key
🔨 hammer
🔧 wrench
⚙️ gear settings
🧲 magnet
🧪 test tube
💊 pill
🎁 gift present
🎉 party tada celebrate
🎈 balloon
💰 money
💳 card pay
⏰ alarm clock
⏳ hourglass wait
🚀 rocket launch
✈️ plane travel
🚗 car
🚌 bus
🚆 train
🚲 bicycle
⛵ boat sail
🏠 house home
🏢 office
🏥 hospital
🏖️ beach
🏔️ mountain
# Signs
✅ done check yes
✔️ check
❌ no cross wrong
❓ question
❗ exclamation important
⚠️ warning
🚫 forbidden no
♻️ recycle
➕ plus
➖ minus
➡️ right arrow
⬅️ left arrow
⬆️ up arrow
⬇️ down arrow
🔄 again refresh
🔔 bell
🔕 mute bell
🔴 red circle
🟢 green circle
🔵 blue circle
🟡 yellow circle
⚫ black circle
⚪ white circle
🏁 flag finish
🚩 flag
🏳️ white flag
`

// allEmoji is the table, read once.
var allEmoji = func() (all []emoji) {
	for line := range strings.SplitSeq(emojiTable, "\n") {
		if sign, words, ok := strings.Cut(line, " "); ok && sign != "#" {
			all = append(all, emoji{sign, words})
		}
	}
	return all
}()

// findEmoji are those of which every word of what is looked for begins a word;
// the recent ones first, when nothing is looked for.
func findEmoji(find string, recent []string) (found []string) {
	looked := strings.Fields(strings.ToLower(find))
	if len(looked) == 0 {
		found = append(found, recent...)
	}
	for _, e := range allEmoji {
		if len(looked) == 0 {
			if !slices.Contains(recent, e.sign) {
				found = append(found, e.sign)
			}
			continue
		}
		all := true
		for _, l := range looked {
			all = all && (strings.HasPrefix(e.words, l) || strings.Contains(e.words, " "+l))
		}
		if all {
			found = append(found, e.sign)
		}
	}
	return found
}

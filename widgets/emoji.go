package widgets

import (
	"slices"
	"strings"
)

// emoji is one that can be picked.
type emoji struct {
	sign  string
	names [2]string // English, Portuguese
	words string    // that find it: its names, and what else people call it
}

// emojiTable lists what can be picked, a line each: the sign, what it is called in
// English and in Portuguese, as Unicode's CLDR has it, and other words that find it. A
// line that begins with # names the group that follows.
const emojiTable = `
# Smileys
😀 grinning face; cara risonha; grin smile happy
😃 grinning face with big eyes; cara risonha com olhos bem abertos; smile happy open
😄 grinning face with smiling eyes; cara risonha com olhos sorridentes; laugh happy
😁 beaming face with smiling eyes; cara contente com olhos sorridentes; beam grin
😆 grinning squinting face; cara risonha com olhos semicerrados; laugh squint
😅 grinning face with sweat; cara risonha com gota de suor; sweat relief laugh
🤣 rolling on the floor laughing; a rolar no chão de rir; rolling laugh rofl
😂 face with tears of joy; cara a chorar de rir; joy tears laugh
🙂 slightly smiling face; cara levemente sorridente; smile slight
🙃 upside-down face; cara de cabeça para baixo; upside down
😉 winking face; cara com olho a piscar; wink
😊 smiling face with smiling eyes; cara sorridente com olhos sorridentes; blush smile
😇 smiling face with halo; cara sorridente com auréola; angel halo
🥰 smiling face with hearts; cara sorridente com corações; love hearts
😍 smiling face with heart-eyes; cara sorridente com olhos de coração; love heart eyes
🤩 star-struck; cara com olhar maravilhado; star struck wow
😘 face blowing a kiss; cara a mandar um beijo; kiss
😗 kissing face; cara a beijar; kiss
😚 kissing face with closed eyes; cara a beijar com olhos fechados; kiss closed
😋 face savoring food; cara a saborear comida; yum tasty
😛 face with tongue; cara a mostrar a língua; tongue
😜 winking face with tongue; cara a piscar, com língua para fora; wink tongue crazy
🤪 zany face; cara bizarra; zany crazy
😝 squinting face with tongue; cara com olhos semicerrados e língua para fora; tongue squint
🤑 money-mouth face; cara com cifrões; money
🤗 smiling face with open hands; cara a abraçar; hug
🤭 face with hand over mouth; cara com a mão sobre a boca; oops giggle
🤫 shushing face; cara a fazer sinal de silêncio; quiet shush secret
🤔 thinking face; cara pensativa; think hmm
🤐 zipper-mouth face; cara com boca de fecho-éclair; zip secret
🤨 face with raised eyebrow; cara com sobrancelha levantada; eyebrow doubt
😐 neutral face; cara neutra; neutral
😑 expressionless face; cara inexpressiva; blank
😶 face without mouth; cara sem boca; silent
😏 smirking face; cara com sorriso maroto; smirk
😒 unamused face; cara aborrecida; unamused
🙄 face with rolling eyes; cara com olhos revirados; eyes roll
😬 grimacing face; cara a expressar desagrado; grimace awkward
😌 relieved face; cara aliviada; relieved calm
😔 pensive face; cara deprimida; sad pensive
😪 sleepy face; cara sonolenta; sleepy
🤤 drooling face; cara a babar; drool
😴 sleeping face; cara a dormir; sleep zzz
😷 face with medical mask; cara com máscara médica; mask ill
🤒 face with thermometer; cara com termómetro; fever ill
🤕 face with head-bandage; cara com ligadura na cabeça; hurt bandage
🤢 nauseated face; cara nauseada; sick nausea
🤮 face vomiting; cara a vomitar; vomit
🤧 sneezing face; cara a espirrar; sneeze cold
🥵 hot face; cara a ferver de calor; hot
🥶 cold face; cara gelada; cold freezing
🥴 woozy face; cara embriagada; woozy
😵 face with crossed-out eyes; cara atordoada; dizzy
🤯 exploding head; cabeça a explodir; mind blown
🤠 cowboy hat face; cara com chapéu de cowboy; cowboy
🥳 partying face; cara festiva; party celebrate
😎 smiling face with sunglasses; cara sorridente com óculos escuros; cool sunglasses
🤓 nerd face; cara de nerd; nerd
🧐 face with monocle; cara com monóculo; monocle
😕 confused face; cara confusa; confused
😟 worried face; cara preocupada; worried
🙁 slightly frowning face; cara meio triste; frown sad
😮 face with open mouth; cara com boca aberta; wow open mouth
😯 hushed face; cara surpreendida; hushed
😲 astonished face; cara espantada; astonished
😳 flushed face; cara ruborizada; flushed
🥺 pleading face; cara a implorar; please pleading
😦 frowning face with open mouth; cara franzida com boca aberta; frown open
😨 fearful face; cara amedrontada; fear
😰 anxious face with sweat; cara ansiosa com gota de suor; anxious sweat
😥 sad but relieved face; cara triste, mas aliviada; sad relieved
😢 crying face; cara a chorar; cry sad tear
😭 loudly crying face; cara a chorar aos berros; sob cry
😱 face screaming in fear; cara a gritar de medo; scream shock
😖 confounded face; cara perplexa; confounded
😣 persevering face; cara perseverante; persevere
😞 disappointed face; cara desapontada; disappointed
😓 downcast face with sweat; cara cabisbaixa com gota de suor; sweat
😩 weary face; cara desolada; weary
😫 tired face; cara cansada; tired
🥱 yawning face; cara a bocejar; yawn bored
😤 face with steam from nose; cara a deitar vapor pelo nariz; triumph huff
😡 enraged face; cara furiosa; angry rage
😠 angry face; cara zangada; angry
🤬 face with symbols on mouth; cara com símbolos na boca; swear
😈 smiling face with horns; cara sorridente com chifres; devil smile
💀 skull; caveira; skull dead
💩 pile of poo; cocó; poo
🤡 clown face; cara de palhaço; clown
👻 ghost; fantasma; ghost
👽 alien; alienígena; alien
🤖 robot; cara de robô; robot
# People
👋 waving hand; mão a acenar; wave hello bye
🤚 raised back of hand; dorso da mão levantado; raised back hand
🖐️ hand with fingers splayed; mão aberta com os dedos separados; hand fingers
✋ raised hand; mão levantada; stop high five hand
🖖 vulcan salute; saudação vulcana; vulcan
👌 OK hand; sinal de ok; ok perfect
🤏 pinching hand; mão a beliscar; pinch small
✌️ victory hand; mão em V de vitória; victory peace
🤞 crossed fingers; dedos cruzados; fingers crossed luck
🤟 love-you gesture; gesto de gosto de ti; love you hand
🤘 sign of the horns; saudação do rock; rock horns
🤙 call me hand; sinal de telefonar; call me
👈 backhand index pointing left; dorso da mão com dedo indicador a apontar para a esquerda; left point
👉 backhand index pointing right; dorso da mão com dedo indicador a apontar para a direita; right point
👆 backhand index pointing up; dorso da mão com dedo indicador a apontar para cima; up point
👇 backhand index pointing down; dorso da mão com dedo indicador a apontar para baixo; down point
☝️ index pointing up; indicador a apontar para cima; one point up
👍 thumbs up; polegar para cima; thumbs up yes good like
👎 thumbs down; polegar para baixo; thumbs down no bad
✊ raised fist; punho levantado; fist
👊 oncoming fist; murro; punch fist
👏 clapping hands; mãos a aplaudir; clap bravo
🙌 raising hands; mãos para cima; hooray hands celebrate
👐 open hands; mãos abertas; open hands
🤲 palms up together; palmas unidas para cima; palms
🤝 handshake; aperto de mãos; handshake deal
🙏 folded hands; mãos juntas; please thanks pray
✍️ writing hand; a escrever à mão; write
💪 flexed biceps; bíceps; strong muscle
👀 eyes; olhos; eyes look
🧠 brain; cérebro; brain
👂 ear; orelha; ear listen
👶 baby; bebé; baby
🧒 child; criança; child
👦 boy; rapaz; boy
👧 girl; rapariga; girl
👨 man; homem; man
👩 woman; mulher; woman
👴 old man; homem idoso; old man
👵 old woman; idosa; old woman
🤷 person shrugging; pessoa a encolher os ombros; shrug
🤦 person facepalming; pessoa decepcionada; facepalm
🙋 person raising hand; pessoa a levantar a mão; raise hand
🙇 person bowing; pessoa a fazer reverência; bow sorry
💃 woman dancing; mulher a dançar; dance
🏃 person running; pessoa a correr; run
🚶 person walking; pessoa a andar; walk
👪 family; família; family
# Hearts
❤️ red heart; coração vermelho; heart love red
🧡 orange heart; coração laranja; heart orange
💛 yellow heart; coração amarelo; heart yellow
💚 green heart; coração verde; heart green
💙 blue heart; coração azul; heart blue
💜 purple heart; coração roxo; heart purple
🖤 black heart; coração preto; heart black
🤍 white heart; coração branco; heart white
🤎 brown heart; coração castanho; heart brown
💔 broken heart; coração partido; broken heart
💕 two hearts; dois corações; hearts two
💖 sparkling heart; coração brilhante; heart sparkle
💯 hundred points; cem pontos; hundred perfect
💥 collision; colisão; bang boom
💫 dizzy; zonzo; dizzy star
💦 sweat droplets; gotas de suor; drops
💤 zzz; zzz; sleep zzz
💬 speech balloon; balão de diálogo; talk bubble
# Nature
🐶 dog face; cara de cão; dog
🐱 cat face; cara de gato; cat
🐭 mouse face; cara de rato; mouse
🐰 rabbit face; cara de coelho; rabbit
🦊 fox; raposa; fox
🐻 bear; urso; bear
🐼 panda; panda; panda
🦁 lion; leão; lion
🐮 cow face; cara de vaca; cow
🐷 pig face; cara de porco; pig
🐸 frog; rã; frog
🐵 monkey face; cara de macaco; monkey
🙈 see-no-evil monkey; macaco que não vê nada; see no evil monkey
🐔 chicken; galinha; chicken
🐧 penguin; pinguim; penguin
🐦 bird; pássaro; bird
🦆 duck; pato; duck
🦉 owl; coruja; owl
🐝 honeybee; abelha; bee
🦋 butterfly; borboleta; butterfly
🐌 snail; caracol; snail
🐢 turtle; tartaruga; turtle
🐍 snake; cobra; snake
🐙 octopus; polvo; octopus
🐟 fish; peixe; fish
🐬 dolphin; golfinho; dolphin
🐳 spouting whale; baleia a esguichar água; whale
🌵 cactus; cacto; cactus
🌲 evergreen tree; árvore; tree
🌴 palm tree; palmeira; palm
🌱 seedling; rebento; plant seedling
🍀 four leaf clover; trevo de quatro folhas; clover luck
🍁 maple leaf; folha de bordo; leaf autumn
🌹 rose; rosa; rose flower
🌻 sunflower; girassol; sunflower
🌸 cherry blossom; flor de cerejeira; blossom flower
🌍 globe showing Europe-Africa; globo a mostrar Europa e África; earth world
🌙 crescent moon; lua crescente; moon
⭐ star; estrela; star
🌟 glowing star; estrela brilhante; star glow
✨ sparkles; brilhos; sparkles
⚡ high voltage; alta tensão; lightning
🔥 fire; fogo; fire hot
☀️ sun; sol; sun
⛅ sun behind cloud; sol por trás das nuvens; cloud sun
🌧️ cloud with rain; nuvem com chuva; rain
⛄ snowman without snow; boneco de neve; snowman
❄️ snowflake; floco de neve; snow
🌈 rainbow; arco-íris; rainbow
🌊 water wave; onda; wave sea
# Food
🍎 red apple; maçã vermelha; apple
🍌 banana; banana; banana
🍇 grapes; uvas; grapes
🍓 strawberry; morango; strawberry
🍑 peach; pêssego; peach
🍍 pineapple; ananás; pineapple
🥑 avocado; abacate; avocado
🍅 tomato; tomate; tomato
🥕 carrot; cenoura; carrot
🌽 ear of corn; milho; corn
🍞 bread; pão; bread
🧀 cheese wedge; queijo; cheese
🥚 egg; ovo; egg
🥓 bacon; bacon; bacon
🍔 hamburger; hambúrguer; burger
🍟 french fries; batata frita; fries
🍕 pizza; pizza; pizza
🌮 taco; taco; taco
🥗 green salad; salada verde; salad
🍝 spaghetti; espaguete; pasta
🍜 steaming bowl; taça de massa quente; noodles soup
🍣 sushi; sushi; sushi
🍦 soft ice cream; gelado; ice cream
🍩 doughnut; donut; donut
🍪 cookie; biscoito; cookie
🎂 birthday cake; bolo de aniversário; cake birthday
🍰 shortcake; fatia de bolo; cake
🍫 chocolate bar; chocolate; chocolate
🍿 popcorn; pipoca; popcorn film
☕ hot beverage; café; coffee
🍵 teacup without handle; chávena de chá sem alça; tea
🍺 beer mug; cerveja; beer
🍻 clinking beer mugs; canecas de cerveja; beers cheers
🥂 clinking glasses; taças a brindar; cheers glasses
🍷 wine glass; vinho; wine
🍾 bottle with popping cork; garrafa de champanhe; champagne
# Things
⚽ soccer ball; bola de futebol; football soccer
🏀 basketball; bola de basquetebol; basketball
🎾 tennis; ténis; tennis
🏆 trophy; troféu; trophy win
🥇 1st place medal; medalha de ouro; gold medal first
🎯 bullseye; no alvo; target
🎮 video game; jogo de vídeo; game
🎲 game die; jogo de dado; dice
🎨 artist palette; paleta de tintas; art paint
🎬 clapper board; claquete; film clapper
🎤 microphone; microfone; microphone sing
🎧 headphone; auscultadores; headphones music
🎵 musical note; nota musical; music note
🎸 guitar; guitarra; guitar
🎹 musical keyboard; teclado musical; piano
📷 camera; câmara; camera
📹 video camera; câmara de vídeo; video
🎥 movie camera; câmara de cinema; film camera
📺 television; televisão; television
📱 mobile phone; telemóvel; phone
💻 laptop; laptop; laptop computer
⌨️ keyboard; teclado; keyboard
🖨️ printer; impressora; printer
💾 floppy disk; disquete; disk save
💿 optical disk; disco; disc
🔋 battery; pilha; battery
💡 light bulb; lâmpada; idea light
🔦 flashlight; lanterna; torch
📚 books; livros; books
📖 open book; livro aberto; book
📰 newspaper; jornal; newspaper
📎 paperclip; clipe de papel; paperclip attach
📌 pushpin; pionés; pin
📝 memo; nota; note write
📁 file folder; pasta de ficheiros; folder
📅 calendar; calendário; calendar date
📈 chart increasing; gráfico a subir; chart up
📉 chart decreasing; gráfico a cair; chart down
📦 package; pacote; package box
📧 e-mail; e-mail; mail
🔒 locked; cadeado; lock
🔑 key; chave; key
🔨 hammer; martelo; hammer
🔧 wrench; chave inglesa; wrench
⚙️ gear; engrenagem; gear settings
🧲 magnet; íman; magnet
🧪 test tube; tubo de ensaio; test tube
💊 pill; comprimido; pill
🎁 wrapped gift; presente; gift present
🎉 party popper; festa; party tada celebrate
🎈 balloon; balão; balloon
💰 money bag; saco de dinheiro; money
💳 credit card; cartão de crédito; card pay
⏰ alarm clock; despertador; alarm clock
⏳ hourglass not done; ampulheta a contar o tempo; hourglass wait
🚀 rocket; foguete; rocket launch
✈️ airplane; avião; plane travel
🚗 automobile; carro; car
🚌 bus; autocarro; bus
🚆 train; comboio; train
🚲 bicycle; bicicleta; bicycle
⛵ sailboat; barco a vela; boat sail
🏠 house; casa; house home
🏢 office building; edifício comercial; office
🏥 hospital; hospital; hospital
🏖️ beach with umbrella; praia e guarda-sol; beach
🏔️ snow-capped mountain; montanha com neve; mountain
# Signs
✅ check mark button; marca de seleção branca; done check yes
✔️ check mark; marca de seleção; check
❌ cross mark; cruz; no cross wrong
❓ red question mark; ponto de interrogação vermelho; question
❗ red exclamation mark; ponto de exclamação vermelho; exclamation important
⚠️ warning; aviso; warning
🚫 prohibited; proibido; forbidden no
♻️ recycling symbol; símbolo de reciclagem; recycle
➕ plus; símbolo de adição; plus
➖ minus; símbolo de subtração; minus
➡️ right arrow; seta para a direita; right arrow
⬅️ left arrow; seta para a esquerda; left arrow
⬆️ up arrow; seta para cima; up arrow
⬇️ down arrow; seta para baixo; down arrow
🔄 counterclockwise arrows button; botão de setas em sentido anti-horário; again refresh
🔔 bell; sino; bell
🔕 bell with slash; sino silenciado; mute bell
🔴 red circle; círculo vermelho; red circle
🟢 green circle; círculo verde; green circle
🔵 blue circle; círculo azul; blue circle
🟡 yellow circle; círculo amarelo; yellow circle
⚫ black circle; círculo preto; black circle
⚪ white circle; círculo branco; white circle
🏁 chequered flag; bandeira quadriculada; flag finish
🚩 triangular flag; bandeira triangular; flag
🏳️ white flag; bandeira branca; white flag
`

// allEmoji is the table, read once.
var allEmoji = func() (all []emoji) {
	for line := range strings.SplitSeq(emojiTable, "\n") {
		if sign, words, ok := strings.Cut(line, " "); ok && sign != "#" {
			names := strings.Split(words, "; ")
			all = append(all, emoji{sign, [2]string{names[0], names[1]}, strings.ToLower(strings.ReplaceAll(words, ";", ""))})
		}
	}
	return all
}()

// emojiNames is which of an emoji's names is shown.
var emojiNames = 0

// SetLanguage says in which language emoji are named: "pt", or else English. All other
// words come through lang.L.
func SetLanguage(code string) {
	emojiNames = 0
	if code == "pt" {
		emojiNames = 1
	}
}

// emojiName is what an emoji is called; one that can't be picked here is called by its sign.
func emojiName(sign string) string {
	for _, e := range allEmoji {
		if e.sign == sign {
			return e.names[emojiNames]
		}
	}
	return sign
}

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

package app

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // thumbnails
	_ "image/png"  // thumbnails

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// faceMost is how many pixels a side somebody's picture may have: more than any
// that this program makes.
const faceMost = 512

// setFace takes in how somebody looks. What came is looked at before it is decoded.
func (m *model) setFace(who chat.AccountID, picture []byte) {
	delete(m.faces, who)
	if img := faceOf(picture); img != nil {
		m.faces[who] = img
	}
	m.redraw(m.directs[who])
}

// setGroupFace takes in how a group looks.
func (m *model) setGroupFace(id chat.ConversationID, picture []byte) {
	delete(m.groupFaces, id)
	if img := faceOf(picture); img != nil {
		m.groupFaces[id] = img
	}
	m.redraw(id)
}

// faceOf is a picture as it is drawn; nil when it is none that can be.
func faceOf(picture []byte) image.Image {
	if size, _, err := image.DecodeConfig(bytes.NewReader(picture)); err == nil && size.Width <= faceMost && size.Height <= faceMost {
		if img := thumbnail(picture); img != nil {
			return widgets.RoundFace(img)
		}
	}
	return nil
}

// myFace is one's own.
func (m *model) myFace() widgets.Face {
	return widgets.Face{Name: m.me.Name, Key: string(m.me.ID), Picture: m.faces[m.me.ID]}
}

// faceOfAccount is how somebody on this relay looks.
func (m *model) faceOfAccount(who chat.Account) widgets.Face {
	return widgets.Face{Name: who.Name, Key: string(who.ID), Picture: m.faces[who.ID]}
}

// chooseGroupPicture lets the person choose how a group looks.
func (a *App) chooseGroupPicture(page *widgets.GroupPage, id chat.ConversationID) {
	a.pickFile(lang.L("Choose a picture of the group"), func(path string) {
		a.changeGroup(page, func(ctx context.Context) error {
			picture, err := a.cfg.Face(ctx, path)
			if err == nil {
				_, err = a.session.SetGroupPicture(ctx, id, picture)
			}
			return err
		})
	})
}

// choosePicture lets the person choose how they look.
func (a *App) choosePicture(say func(string)) {
	a.pickFile(lang.L("Choose a picture of yourself"), func(path string) {
		a.work(func(ctx context.Context) func() {
			picture, err := a.cfg.Face(ctx, path)
			if err == nil {
				err = a.session.SetPicture(ctx, picture)
			}
			return func() {
				if err != nil {
					say(sentence(err))
				}
			}
		})
	})
}

// thumbnail decodes one of ours: small, and made by this program.
func thumbnail(b []byte) image.Image {
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return img
}

package transfer

import (
	"context"
	"net/http"

	"satchel/chat"
)

// mostDown is how much one request asks for at most, in bytes.
const mostDown = 32 << 20

// Download fetches the file from where the ticket says, in requests of a
// bounded range: what a kill leaves unread between both ends is less than a
// chunk.
func (h *Tus) Download(ctx context.Context, r *DownloadRequest) error {
	way, err := h.permit(ctx, TicketRequest{Direction: chat.Download, File: r.URL, Size: r.Size, Conversation: r.Conversation}, r.URL)
	if err != nil {
		return err
	}
	f := fetch{r: r, chunks: newChunks(h.cfg.Chunk), refused: Refused, get: func(header http.Header) (*http.Response, error) {
		return way.do(ctx, http.MethodGet, way.ticket.URL, header, nil, 0)
	}}
	f.chunks.bound(mostDown)
	if way.ticket.Token == "" {
		f.refused = refusedLink
	}
	return f.run(ctx)
}

package main

import (
	"errors"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// paint is how a lane is drawn: refunds in full lines, what they are compared with in broken ones.
var paint = map[string]struct {
	color  color.Color
	broken bool
}{
	"wechat":       {color.RGBA{R: 0x07, G: 0x9b, B: 0x4b, A: 0xff}, false},
	"baidu-full":   {color.RGBA{R: 0x2a, G: 0x5b, B: 0xd7, A: 0xff}, false},
	"xlife":        {color.RGBA{R: 0xe0, G: 0x6c, B: 0x00, A: 0xff}, false},
	"wechat-reads": {color.RGBA{R: 0x35, G: 0xb5, B: 0xa5, A: 0xff}, false},
	"wechat-all":   {color.RGBA{R: 0x8a, G: 0xd0, B: 0x3a, A: 0xff}, false},
	"bare-1":       {color.RGBA{R: 0xbb, G: 0xbb, B: 0xbb, A: 0xff}, true},
	"bare-3":       {color.RGBA{R: 0x44, G: 0x44, B: 0x44, A: 0xff}, true},
	"bare-4":       {color.RGBA{R: 0x99, G: 0x99, B: 0x99, A: 0xff}, true},
	nameNaive:      {color.RGBA{R: 0xc0, G: 0x1c, B: 0x28, A: 0xff}, true},
}

// draw writes rate and latency over the load as one picture.
func (r *result) draw(file string) error {
	if len(r.Cells) == 0 {
		return errors.New("there is nothing to draw: nothing was measured with -rounds 0")
	}
	plot.DefaultFont.Variant = "Sans"
	rates, err := r.chart("workflows a second", rate, false)
	if err != nil {
		return err
	}
	latencies, err := r.chart("p50 latency, ms", p50, true)
	if err != nil {
		return err
	}
	const width, height = 26 * vg.Centimeter, 10 * vg.Centimeter
	canvas := vgsvg.New(width, height)
	both := draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Centimeter, PadLeft: 3 * vg.Millimeter, PadRight: 3 * vg.Millimeter, PadTop: vg.Millimeter, PadBottom: vg.Millimeter}
	for i, canvas := range plot.Align([][]*plot.Plot{{rates, latencies}}, both, draw.New(canvas))[0] {
		[]*plot.Plot{rates, latencies}[i].Draw(canvas)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(out); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return out.Close()
}

// chart draws a figure of each lane over the load; of latencies, which span orders, logarithmically.
func (r *result) chart(title string, of func(cell) float64, logarithmic bool) (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text = title, "in flight"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, r.ticks()
	if logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, milliseconds
	} else {
		p.Y.Min = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{Y: 0xe0}, color.Gray{Y: 0xe0}
	p.Add(grid)
	for _, name := range laneNames() {
		var points plotter.XYs
		for _, level := range r.levels() {
			if len(r.of(name, level)) > 0 {
				points = append(points, plotter.XY{X: float64(level), Y: r.figure(name, level, of).median})
			}
		}
		if points == nil {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		how := paint[name]
		line.Color, line.Width = how.color, vg.Points(1.8)
		if how.broken {
			line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
		}
		dots.Color, dots.Shape, dots.Radius = how.color, draw.CircleGlyph{}, vg.Points(2.5)
		p.Add(line, dots)
		if logarithmic { // one legend is enough, and this chart has room for it at the lower right
			p.Legend.Add(name, line)
		}
	}
	return p, nil
}

var milliseconds = plot.ConstantTicks{
	{Value: 10, Label: "10"}, {Value: 20, Label: "20"}, {Value: 50, Label: "50"}, {Value: 100, Label: "100"}, {Value: 200, Label: "200"},
	{Value: 500, Label: "500"}, {Value: 1000, Label: "1000"}, {Value: 2000, Label: "2000"}, {Value: 5000, Label: "5000"},
}

func (r *result) ticks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, level := range r.levels() {
		ticks = append(ticks, plot.Tick{Value: float64(level), Label: fmt.Sprint(level)})
	}
	return ticks
}

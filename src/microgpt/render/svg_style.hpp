// The style sheet of every SVG: its fonts, and its colours in the light and in the dark.
#pragma once

namespace microgpt::render {

/// Lines and kinds of bars, s0 to s5, are told apart by everyone: by the colour-blind too, whom the first colours of
/// Okabe and Ito (2008) were chosen for, since the others differ in lightness as well. A heat goes from blue to orange.
inline constexpr const char* kStyleSheet = R"svg(<style>
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
text.title { font-size: 15px; font-weight: 600; } text.name { font-weight: 600; } text.small { font-size: 11px; }
.over { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round; }
.curve { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; } .dashed { stroke-dasharray: 6 3; }
.dot, .bar { fill: currentColor; } .bar.dashed { fill-opacity: 0.5; stroke: currentColor; }
.reference { stroke-dasharray: 5 4; } .missing { fill: url(#missing); }
.ground { fill: #ffffff; } .over { stroke: #ffffff; } text { fill: #1f2328; } text.soft { fill: #59636e; }
.grid, .framed, .swatch { stroke: #d0d7de; } .hatch { stroke: #b6bfc8; } .axis, .reference { stroke: #59636e; }
.warm { fill: #f28e2b; } .cold { fill: #5b9bd5; }
.s0 { color: #0072b2; } .s1 { color: #d55e00; } .s2 { color: #cc79a7; }
.s3 { color: #00513b; } .s4 { color: #5c3a00; } .s5 { color: #332288; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #14171b; } .over { stroke: #14171b; } text { fill: #e6e9ec; } text.soft { fill: #a4adb6; }
  .grid, .framed, .swatch { stroke: #3a424b; } .hatch { stroke: #4d5660; } .axis, .reference { stroke: #a4adb6; }
  .warm { fill: #a05000; } .cold { fill: #2d6ca8; }
  .s0 { color: #56b4e9; } .s1 { color: #e69f00; } .s2 { color: #aa4499; }
  .s3 { color: #117a65; } .s4 { color: #f7c6a3; } .s5 { color: #ffffff; }
}
</style>
<defs><pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<line x1="0" y1="0" x2="0" y2="6" class="hatch"/></pattern></defs>
)svg";

}  // namespace microgpt::render

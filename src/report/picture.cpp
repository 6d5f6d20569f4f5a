// SPDX-License-Identifier: Apache-2.0
#include "report/picture.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <numbers>
#include <stdexcept>

#include "base/files.h"
#include "base/json.h"
#include "twinear/error.h"

namespace twinear {
namespace {

constexpr double font_size = 12, half_letter = 0.35 * font_size;

struct Destroy {
  void operator()(cairo_surface_t* surface) const noexcept { cairo_surface_destroy(surface); }
  void operator()(cairo_t* cairo) const noexcept { cairo_destroy(cairo); }
};
using Surface = std::unique_ptr<cairo_surface_t, Destroy>;
using Context = std::unique_ptr<cairo_t, Destroy>;

void check(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS)
    throw std::runtime_error(std::string("cairo: ") + cairo_status_to_string(status));
}

/// The color of a level as 0xRRGGBB: matplotlib's magma (CC0) between nine of its colors.
std::uint32_t color_of(std::uint8_t level) {
  constexpr std::array magma{0x000004U, 0x1d1147U, 0x51127cU, 0x822681U, 0xb63679U,
                             0xe65164U, 0xfb8861U, 0xfec287U, 0xfcfdbfU};
  const double at = 8.0 * level / 255.0;
  const auto left = std::min<std::size_t>(static_cast<std::size_t>(at), 7);
  const double share = at - static_cast<double>(left);
  std::uint32_t color = 0;
  for (const unsigned shift : {16U, 8U, 0U}) {
    const auto of = [&](std::size_t i) { return magma[i] >> shift & 0xFFU; };
    color = color << 8U |
            static_cast<std::uint32_t>((1 - share) * of(left) + share * of(left + 1) + 0.5);
  }
  return color;
}

/// The heat map as an image of its own size: viewers of SVG would blur a small one that they
/// stretch.
Surface image_of(const Picture::HeatMap& map) {
  Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, map.width, map.height));
  check(cairo_surface_status(image.get()));
  const auto width = static_cast<std::size_t>(map.width);
  const auto height = static_cast<std::size_t>(map.height);
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(image.get()));
  unsigned char* pixels = cairo_image_surface_get_data(image.get());
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t row = y * map.rows / height, col = x * map.cols / width;
      const std::uint32_t color = color_of(map.levels[row * map.cols + col]);
      std::memcpy(pixels + y * stride + x * sizeof color, &color, sizeof color);
    }
  cairo_surface_mark_dirty(image.get());
  return image;
}

void draw(cairo_t* cairo, const Picture::HeatMap& map) {
  const Surface image = image_of(map);
  cairo_save(cairo);
  cairo_set_source_surface(cairo, image.get(), map.x, map.y);
  cairo_paint(cairo);
  cairo_restore(cairo);
}

void draw(cairo_t* cairo, const Picture::Line& line) {
  cairo_rectangle(cairo, line.x, line.y, line.to_x - line.x + 1, line.to_y - line.y + 1);
  cairo_fill(cairo);
}

void draw(cairo_t* cairo, const Picture::Text& text) {
  const std::string utf8 = valid_utf8(text.text);
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, utf8.c_str(), &extents);
  const double before = text.align == Picture::Text::Align::begin ? 0.0
                        : text.align == Picture::Text::Align::end ? 1.0
                                                                  : 0.5;
  cairo_save(cairo);
  cairo_translate(cairo, text.x, text.y);
  if (text.upwards) cairo_rotate(cairo, -std::numbers::pi / 2);
  cairo_move_to(cairo, -before * extents.x_advance, half_letter);
  cairo_show_text(cairo, utf8.c_str());
  cairo_restore(cairo);
}

void draw(cairo_surface_t* surface, const Picture& picture) {
  const Context cairo(cairo_create(surface));
  cairo_set_source_rgb(cairo.get(), 1, 1, 1);
  cairo_paint(cairo.get());
  for (const auto& map : picture.maps) draw(cairo.get(), map);
  cairo_set_source_rgb(cairo.get(), 0, 0, 0);
  for (const auto& line : picture.lines) draw(cairo.get(), line);
  cairo_select_font_face(cairo.get(), "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo.get(), font_size);
  for (const auto& text : picture.texts) draw(cairo.get(), text);
  check(cairo_status(cairo.get()));
}

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int size) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), size);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

void check_picture_path(const std::string& path) {
  if (!path.ends_with(".pdf") && !path.ends_with(".svg") && !path.ends_with(".png"))
    throw Error(Fault::config, path + ": expected a name that ends in .pdf, .svg or .png");
}

void write_picture(const std::string& path, const Picture& picture) {
  check_picture_path(path);
  const bool is_png = path.ends_with(".png"), is_pdf = path.ends_with(".pdf");
  std::string bytes;
  const auto create =
      is_pdf ? cairo_pdf_surface_create_for_stream : cairo_svg_surface_create_for_stream;
  const Surface surface(
      is_png ? cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture.width, picture.height)
             : create(append, &bytes, picture.width, picture.height));
  if (is_pdf) cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, "");
  draw(surface.get(), picture);
  if (is_png) check(cairo_surface_write_to_png_stream(surface.get(), append, &bytes));
  cairo_surface_finish(surface.get());
  check(cairo_surface_status(surface.get()));
  write_file(path, bytes);
}

}  // namespace twinear

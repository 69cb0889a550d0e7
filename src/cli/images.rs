//! `breakfix images`: which base images are here, and carrying them along with what the course's own builds need.

use std::path::Path;

use super::{
    Context,
    args::ImagesAction,
    terminal::{Paint, ProgressLine, print},
};
use crate::{
    conductor::{images_of, images_to_carry},
    engine::{Engine, ImageOrigin, ImagePolicy, ImageStatus, Progress},
    error::Result,
};

/// Runs the command; gives the exit code: 3 when an image is absent afterwards.
///
/// # Errors
/// Environment: engine, registry, file.
pub async fn images(context: &Context, action: ImagesAction) -> Result<u8> {
    let engine = Engine::find(context.engine.as_deref()).await?;
    let names = images_of(&context.course)?;
    let line = ProgressLine::start(context.verbose > 0);
    let progress = line.progress();
    let done = match &action {
        ImagesAction::Status => Ok(()),
        ImagesAction::Pull => engine.pull_images(&names, progress).await,
        ImagesAction::Build => engine.build_stand_ins(&names, progress).await,
        ImagesAction::Save { file } => save(context, &engine, names.clone(), file, progress).await,
        ImagesAction::Load { file } => engine.load_images(file, progress).await,
    };
    line.finish().await;
    done?;
    let paint = Paint::stdout(context.color);
    let images = engine.image_status(&names).await?;
    for image in &images {
        print(&format!("{}\n", in_words(image, paint)))?;
    }
    for name in engine.carried(&context.course.id).await? {
        print(&format!("{} {name}: what the app's build takes from the internet\n", paint.good("✓")))?;
    }
    Ok(if images.iter().any(|image| image.origin == ImageOrigin::Absent) { 3 } else { 0 })
}

/// The base images, and what the course's own builds would fetch.
async fn save(
    context: &Context,
    engine: &Engine,
    mut names: Vec<String>,
    file: &Path,
    progress: &Progress,
) -> Result<()> {
    engine.ensure_images(&names, ImagePolicy::Local, progress).await?;
    names.extend(images_to_carry(&context.course, engine, progress).await?);
    engine.save_images(&names, file, progress).await
}

/// One image, one line.
pub fn in_words(image: &ImageStatus, paint: Paint) -> String {
    let megabytes = image.size.map(|bytes| format!("{} MB", bytes / 1_000_000)).unwrap_or_default();
    let (symbol, origin) = match image.origin {
        ImageOrigin::Registry => (paint.good("✓"), "pulled"),
        ImageOrigin::StandIn => (paint.good("✓"), "stand-in, built from Debian's packages"),
        ImageOrigin::Absent => (paint.attention("·"), "absent: pulled or built at the first start"),
    };
    format!("{symbol} {:<18} {origin}  {megabytes}", image.name).trim_end().to_owned()
}

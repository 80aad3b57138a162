using System.Text.Json;

namespace LoraLab.Training.Files.Keys;

/// <summary>A key that is harmless at some values only.</summary>
/// <param name="Harmless">Whether a value is harmless.</param>
/// <param name="Otherwise">What other values mean and the remedy, as the end of a sentence.</param>
internal sealed record KeyRule(Func<JsonElement, bool> Harmless, string Otherwise);

using System.Text.Json;
using LoraLab.Training.Files;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// The starting factors beside an adapter that was saved as it was trained: on W − s·B₀·A₀ instead of W. PEFT's own conversion takes them
/// from such a folder (<c>path_initial_model_for_weight_conversion</c>).
/// </summary>
public static class PeftStart
{
    /// <summary>Folder of the starting adapter in that of the adapter.</summary>
    public const string Folder = "initial";

    /// <summary>Its weights, relative to the folder of the adapter.</summary>
    internal const string Weights = Folder + "/" + PeftFiles.Weights;

    /// <summary>
    /// Returns the folder with the starting factors of an adapter that belongs to a changed base; null: it has none, or its configuration
    /// does not say that its base was changed, or cannot be read.
    /// </summary>
    /// <param name="folder">Folder of the adapter.</param>
    internal static string? Of(string folder) =>
        File.Exists(Path.Combine(folder, Folder, PeftFiles.Weights)) && PeftMethods.Initialized(Initialization(folder)) is not null
            ? Path.Combine(folder, Folder)
            : null;

    /// <summary>Whether an adapter was saved as it was trained, with its starting factors.</summary>
    /// <param name="folder">Folder of the adapter.</param>
    public static bool Exists(string folder) => Of(folder) is not null;

    private static string? Initialization(string folder)
    {
        try
        {
            using JsonDocument config = JsonDocument.Parse(JsonFile.Read(Path.Combine(folder, PeftFiles.Config)), JsonFile.Strict);
            return config.RootElement.ValueKind == JsonValueKind.Object
                && config.RootElement.TryGetProperty("init_lora_weights", out JsonElement name) && name.ValueKind == JsonValueKind.String
                ? name.GetString()
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException)
        {
            // Whoever reads the configuration says what is wrong with it.
            return null;
        }
    }
}

using System.Text.Json;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// What the folder of a model says about the texts that the model was trained on, beside its tokenizer: which token ends them, and how a
/// conversation is written as one text.
/// </summary>
/// <param name="EndToken">Text of the token that ends a text (<c>eos_token</c>); null: the files name none.</param>
/// <param name="EndId">Without such a text, the first <c>eos_token_id</c> of <c>config.json</c>; null: it has none.</param>
/// <param name="ChatTemplate">Its chat template, in Jinja; null: it has none.</param>
public sealed record TextConventions(string? EndToken, int? EndId, string? ChatTemplate)
{
    /// <summary>Nothing is said.</summary>
    public static TextConventions None { get; } = new(null, null, null);

    /// <summary>Reads the files of a folder; what is missing in them is null.</summary>
    /// <exception cref="RunFailure">A file is damaged; field <c>model</c>.</exception>
    public static TextConventions Read(string folder)
    {
        using JsonDocument? configuration = Open(folder, TokenizerFiles.Configuration);
        string template = Path.Combine(folder, TokenizerFiles.ChatTemplate);
        TextConventions conventions =
            new(Token(configuration), null, File.Exists(template) ? File.ReadAllText(template) : Template(configuration));
        if (conventions.EndToken is not null)
        {
            return conventions;
        }

        using JsonDocument? specials = Open(folder, TokenizerFiles.SpecialTokens);
        using JsonDocument? model = Open(folder, "config.json");
        return conventions with { EndToken = Token(specials), EndId = Id(model) };
    }

    private static JsonDocument? Open(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? KeyFile.Parse(path, "model") : null;
    }

    private static string? Token(JsonDocument? document) =>
        document is null ? null : TokenizerConfigFile.TextOf(document.RootElement, "eos_token");

    private static int? Id(JsonDocument? document)
    {
        if (document is null || !document.RootElement.TryGetProperty("eos_token_id", out JsonElement id))
        {
            return null;
        }

        JsonElement first = id.ValueKind == JsonValueKind.Array && id.GetArrayLength() > 0 ? id[0] : id;
        return first.ValueKind == JsonValueKind.Number && first.TryGetInt32(out int value) ? value : null;
    }

    // A text, or a list of templates with names.
    private static string? Template(JsonDocument? document)
    {
        if (document is null || !document.RootElement.TryGetProperty("chat_template", out JsonElement template))
        {
            return null;
        }

        if (template.ValueKind == JsonValueKind.Array)
        {
            template = template.EnumerateArray().FirstOrDefault(entry => entry.ValueKind == JsonValueKind.Object
                && entry.TryGetProperty("name", out JsonElement name) && name.ValueEquals("default")
                && entry.TryGetProperty("template", out _));
            template = template.ValueKind == JsonValueKind.Object ? template.GetProperty("template") : default;
        }

        return template.ValueKind == JsonValueKind.String ? template.GetString() : null;
    }
}

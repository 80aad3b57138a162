using LoraLab.Training.Models.Generation;
using LoraLab.Training.Tasks.Completion.Chat;
using LoraLab.Training.Tokenization;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>How answers are generated: until the token that ends texts, or what ends the assistant's turns in a chat template.</summary>
internal static class AnswerSettings
{
    /// <summary>The settings.</summary>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="format">Chat template; null: none.</param>
    /// <param name="maxTokens">Maximum number of generated tokens.</param>
    public static GenerationSettings Of(ITokenizer tokenizer, ChatFormat? format, int maxTokens)
    {
        string? marker = format?.Assistant.Marker is { } end && end != ChatFormat.End ? end : null;
        int[] ids = marker is null ? [] : tokenizer.Encode(marker, withPrefix: false);
        return new(maxTokens)
        {
            Tokenizer = tokenizer,
            StopIds = new HashSet<int>([.. new[] { tokenizer.EndId }.OfType<int>(), .. ids.Length == 1 ? ids : []]),
            StopTexts = ids.Length > 1 ? [marker!] : [],
        };
    }
}

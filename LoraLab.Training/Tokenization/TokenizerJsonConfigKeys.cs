using System.Text.Json;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Keys;
using LoraLab.Training.Tokenization.HuggingFace;
using LoraLab.Training.Tokenization.HuggingFace.AddedTokens;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// The keys of <c>tokenizer_config.json</c> beside <c>tokenizer.json</c>, which decides: a key that Transformers would let change the ids
/// must agree with it.
/// </summary>
internal static class TokenizerJsonConfigKeys
{
    private const string Decides = "but tokenizer.json decides, and it does otherwise; remove the key, or change tokenizer.json if the "
        + "model was trained that way";

    private static readonly string[] _specialTokens =
        ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    private static readonly string[] _specialTokenLists = ["additional_special_tokens", "extra_special_tokens"];

    /// <summary>Checks the file of a model folder, if there is one, and returns warnings.</summary>
    /// <exception cref="RunFailure">The file is not a JSON object, or contradicts <c>tokenizer.json</c>; field <c>model</c>.</exception>
    public static IReadOnlyList<string> Check(string folder, HuggingFaceTokenizer tokenizer)
    {
        string path = Path.Combine(folder, TokenizerFiles.Configuration);
        if (!File.Exists(path))
        {
            return [];
        }

        using JsonDocument document = KeyFile.Parse(path, "model");
        JsonElement root = document.RootElement;
        IReadOnlyList<string> ignored = KeyFile.Check(root, path, Table(tokenizer), "model");
        bool isOn = root.TryGetProperty("add_bos_token", out JsonElement adds) && KeyValues.On(adds);
        if (isOn && TokenizerConfigFile.TextOf(root, "bos_token") is string bos && !tokenizer.Prefix.Contains(tokenizer.IdOf(bos) ?? -1))
        {
            throw RunFailure.BadData(
                $"{path} has bos_token '{Excerpt.Of(bos)}', but the post-processor of {TokenizerFiles.Json} puts another token in front of "
                    + "texts; use the files of one tokenizer.",
                "model");
        }

        return [.. KeyFile.IgnoredWarning(path, ignored), .. Differing(root, path, tokenizer)];
    }

    private static KeyTable Table(HuggingFaceTokenizer tokenizer) => TokenizerConfigFile.Harmless()
        .Known("tokenizer_class", "sp_model_kwargs")
        .HarmlessIf(
            TokenizerConfigFile.HasNoCode,
            "that is, code of its own for the tokenizer, which LoraLab does not run; use a model without it",
            "auto_map")
        .HarmlessIf(tokenizer.Prefix.Count > 0 ? KeyValues.On : KeyValues.Off, Decides, "add_bos_token")
        .HarmlessIf(tokenizer.AddsSpace ? KeyValues.On : KeyValues.Off, Decides, "add_prefix_space")
        .HarmlessIf(KeyValues.Off, "but LoraLab puts nothing behind a text; remove the key", "add_eos_token")
        .HarmlessIf(KeyValues.Off, "but LoraLab finds special tokens in texts; remove the key", "split_special_tokens")
        .HarmlessIf(KeyValues.Off, Decides, TokenizerConfigFile.Changes);

    /// <summary>A warning about tokens that Transformers would add to those of <c>tokenizer.json</c>, or find in another way.</summary>
    private static IEnumerable<string> Differing(JsonElement root, string path, HuggingFaceTokenizer tokenizer)
    {
        Dictionary<string, AddedToken> known = tokenizer.AddedTokens.ToDictionary(token => token.Content);
        List<string> differing = [];
        if (root.TryGetProperty("added_tokens_decoder", out JsonElement decoder) && decoder.ValueKind == JsonValueKind.Object)
        {
            differing.AddRange(decoder.EnumerateObject()
                .Where(entry => TokenizerConfigFile.TextOf(entry.Value) is string text
                    && !(known.TryGetValue(text, out AddedToken? token) && HasSameFlags(token, entry.Value)))
                .Select(entry => TokenizerConfigFile.TextOf(entry.Value)!));
        }

        IEnumerable<string?> named = _specialTokens.Select(key => TokenizerConfigFile.TextOf(root, key));
        foreach (string key in _specialTokenLists)
        {
            named = root.TryGetProperty(key, out JsonElement list) && list.ValueKind == JsonValueKind.Array
                ? named.Concat(list.EnumerateArray().Select(TokenizerConfigFile.TextOf))
                : named;
        }

        differing.AddRange(named.OfType<string>().Where(text => text.Length > 0 && !known.ContainsKey(text)));
        if (differing.Count > 0)
        {
            yield return $"{path} has tokens that are not among the added tokens of {TokenizerFiles.Json}, or not with the same settings; "
                + $"LoraLab follows {TokenizerFiles.Json}: {Excerpt.Of(differing.Distinct())}.";
        }
    }

    private static bool HasSameFlags(AddedToken token, JsonElement entry) => entry.ValueKind == JsonValueKind.Object
        && Agrees("special", token.IsSpecial, entry) && Agrees("single_word", token.SingleWord, entry)
        && Agrees("lstrip", token.StripsLeft, entry) && Agrees("rstrip", token.StripsRight, entry)
        && Agrees("normalized", token.IsNormalized, entry);

    private static bool Agrees(string key, bool value, JsonElement entry) =>
        !entry.TryGetProperty(key, out JsonElement given) || given.ValueKind == (value ? JsonValueKind.True : JsonValueKind.False);
}

using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Training.Tokenization;

namespace LoraLab.Tests.Support;

/// <summary>
/// Small files in the layout of <c>tokenizer.json</c>. Without a model of its own, the vocabulary is the 256 bytes in GPT-2's characters,
/// the id of each is the byte, and nothing is merged, so that ids show what became of a text.
/// </summary>
internal static class HandmadeTokenizer
{
    /// <summary>A byte-level pre-tokenizer that does not divide.</summary>
    public const string Bytes = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""";

    /// <summary>The character of each byte.</summary>
    public static IReadOnlyList<string> Alphabet { get; } = MakeAlphabet();

    /// <summary>The model of 256 bytes.</summary>
    public static JsonObject ByteModel => Model([.. Alphabet], []);

    /// <summary>A file.</summary>
    /// <param name="normalizer">JSON of the normalizer.</param>
    /// <param name="preTokenizer">JSON of the pre-tokenizer.</param>
    /// <param name="added">JSON of the added tokens.</param>
    /// <param name="postProcessor">JSON of the post-processor.</param>
    /// <param name="decoder">JSON of the decoder.</param>
    /// <param name="model">Model; null: the 256 bytes.</param>
    public static JsonObject File(
        string normalizer = "null",
        string preTokenizer = Bytes,
        string added = "[]",
        string postProcessor = "null",
        string decoder = "null",
        JsonObject? model = null) => new()
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = JsonNode.Parse(added),
            ["normalizer"] = JsonNode.Parse(normalizer),
            ["pre_tokenizer"] = JsonNode.Parse(preTokenizer),
            ["post_processor"] = JsonNode.Parse(postProcessor),
            ["decoder"] = JsonNode.Parse(decoder),
            ["model"] = model ?? ByteModel,
        };

    /// <summary>A model of byte-pair encoding; the id of a token is its position.</summary>
    public static JsonObject Model(string[] tokens, string[][] merges, string? unknown = null) => new()
    {
        ["type"] = "BPE",
        ["dropout"] = null,
        ["unk_token"] = unknown,
        ["continuing_subword_prefix"] = null,
        ["end_of_word_suffix"] = null,
        ["fuse_unk"] = false,
        ["byte_fallback"] = false,
        ["ignore_merges"] = false,
        ["vocab"] = new JsonObject(tokens.Index().Select(token => KeyValuePair.Create(token.Item, (JsonNode?)token.Index))),
        ["merges"] = new JsonArray([.. merges.Select(merge => new JsonArray([.. merge.Select(part => (JsonNode)part)]))]),
    };

    /// <summary>An added token; flags that are not named are false.</summary>
    public static string Added(int id, string content, params string[] flags) => new JsonObject(
        new[] { "single_word", "lstrip", "rstrip", "normalized", "special" }.Select(flag =>
            KeyValuePair.Create(flag, (JsonNode?)flags.Contains(flag))))
    {
        ["id"] = id,
        ["content"] = content,
    }.ToJsonString();

    /// <summary>Reads a file.</summary>
    public static ITokenizer Load(JsonObject file)
    {
        using TemporaryFolder folder = new();
        folder.Write("tokenizer.json", file.ToJsonString());
        return TokenizerFolder.Load(folder.Path).Tokenizer;
    }

    /// <summary>The text whose bytes are the ids.</summary>
    public static string Text(IEnumerable<int> ids) => Encoding.UTF8.GetString([.. ids.Select(id => (byte)id)]);

    private static string[] MakeAlphabet()
    {
        int others = 256;
        return [.. Enumerable.Range(0, 256).Select(value =>
            ((char)(value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? value : others++)).ToString())];
    }
}

namespace LoraLab.Training.Files;

/// <summary>Weights in formats that are not read, so that a folder without safetensors files says what it has instead.</summary>
internal static class OtherFormats
{
    private static readonly (string Pattern, string What)[] _formats =
    [
        ("*.gguf", "a GGUF file"),
        ("pytorch_model*.bin", "a Python pickle"),
        ("adapter_model.bin", "a Python pickle"),
        ("*.bin", "a Python pickle"),
        ("*.pth", "a Python pickle"),
        ("*.pt", "a Python pickle"),
        ("*.ckpt", "a Python pickle"),
        ("*.h5", "a TensorFlow file"),
        ("*.msgpack", "a Flax file"),
        ("*.onnx", "an ONNX file"),
        ("*.npz", "a NumPy file"),
        ("*.ggml", "a GGML file"),
        ("*.ot", "a Rust file"),
        ("*.nemo", "a NeMo archive"),
        ("*.pdparams", "a Paddle file"),
        ("*.safetensors.*", "an unfinished download or an archive"),
        ("*.tar*", "an archive"),
        ("*.zip", "an archive"),
    ];

    // Simple: the default would let "*.x.*" match "a.x".
    private static readonly EnumerationOptions _anyCase = new() { MatchType = MatchType.Simple, MatchCasing = MatchCasing.CaseInsensitive };

    /// <summary>Error about a model folder without readable weights, as the predicate of a sentence.</summary>
    public static string MissingMessage(string folder)
    {
        if (Instead(folder) is string instead)
        {
            return $"has no weights in safetensors format, only {instead}, which LoraLab does not read; "
                + "get the model as safetensors, or save it so (save_pretrained in Transformers)";
        }

        return First(folder, "model-*-of-*.safetensors") is string shard
            ? $"has no weights that can be read: {shard} is a shard, but model.safetensors.index.json is missing; download the index"
            : OtherName(folder) is string other
                ? $"has no weights under a name that can be read, only {other}; rename it to model.safetensors if it is the whole model"
                : "has no weights (model.safetensors, or shards with model.safetensors.index.json); download the model again";
    }

    /// <summary>A safetensors file of a folder; null: none.</summary>
    public static string? OtherName(string folder) => First(folder, "*.safetensors");

    /// <summary>The weights of a folder in another format: file and format; null: none.</summary>
    public static string? Instead(string folder) => _formats
        .Select(format => First(folder, format.Pattern) is string file ? $"{file} ({format.What})" : null)
        .FirstOrDefault(found => found is not null);

    private static string? First(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, _anyCase).Select(path => Path.GetFileName(path))
            .Where(name => name is not ("training_args.bin" or "model.safetensors.index.json") && name[0] != '.')
            .Order(StringComparer.Ordinal).FirstOrDefault();
}

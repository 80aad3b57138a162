using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// The files of a model besides its weights: everything that is not a weight in another format, such as tokenizers, chat templates,
/// licenses and the generation configuration. The same rule selects what is downloaded and what a merged model takes over.
/// </summary>
internal static class ModelFiles
{
    private const int MaximumDepth = 4;
    private const int MaximumName = 200;

    private static readonly string[] _weights =
    [
        ".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".ckpt", ".h5", ".h5.index.json", ".msgpack",
        ".msgpack.index.json", ".onnx", ".onnx_data", ".gguf", ".ggml", ".tflite", ".ot", ".npz", ".npy", ".pkl", ".pickle", ".nemo",
        ".mlmodel", ".pdparams", ".engine", ".tar", ".tgz", ".tar.gz", ".zip",
    ];

    /// <summary>Returns the paths (separated by <c>/</c>) that are kept: no weights, no folder with weights, nothing hidden.</summary>
    public static IReadOnlyList<string> Kept(IReadOnlyCollection<string> paths)
    {
        HashSet<string> folders = [.. paths.Where(IsWeights).Select(Folder).Where(folder => folder.Length > 0)];
        return
        [
            .. paths.Where(path => IsPlain(path) && !IsWeights(path)
                && !folders.Any(folder => path.StartsWith(folder + "/", StringComparison.Ordinal))),
        ];
    }

    /// <summary>Copies the kept files of a model folder into another folder.</summary>
    /// <exception cref="RunFailure">A file is a link to nothing.</exception>
    public static void CopyKept(string modelFolder, string folder, Func<string, bool> isKept)
    {
        foreach (string path in Kept([.. Paths(modelFolder, "", 0)]).Where(isKept))
        {
            string source = Path.Combine(modelFolder, path);
            if (!File.Exists(PhysicalPath.Of(source)))
            {
                throw RunFailure.BadData(
                    $"{source} is a link to a file that does not exist; restore the file or delete the link.", "model");
            }

            string target = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }
    }

    private static IEnumerable<string> Paths(string folder, string prefix, int depth)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            yield return prefix + Path.GetFileName(file);
        }

        // The limit also ends cycles of links.
        foreach (string inner in depth < MaximumDepth ? Directory.EnumerateDirectories(folder) : [])
        {
            foreach (string path in Paths(inner, $"{prefix}{Path.GetFileName(inner)}/", depth + 1))
            {
                yield return path;
            }
        }
    }

    private static bool IsWeights(string path) =>
        Array.Exists(_weights, ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static string Folder(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private static bool IsPlain(string path) =>
        path.AsSpan().IndexOfAny("\\:") < 0 && !path.Any(char.IsControl)
        && path.Split('/').All(part => part.Length is > 0 and <= MaximumName && part[0] != '.');
}

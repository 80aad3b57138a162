using System.Globalization;
using System.Text.RegularExpressions;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Torch.Installed;

/// <summary>
/// The libraries of an installed PyTorch (its folder <c>torch/lib</c>) or of an unpacked libtorch, whose platform and version are known to
/// fit TorchSharp's bridge. Nothing of it has been loaded.
/// </summary>
/// <param name="Folder">Folder of the libraries, absolute.</param>
/// <param name="Version">Version, for example <c>2.11.0+cu130</c>.</param>
/// <param name="CudaVersion">Version of CUDA that it was built with, for example <c>13.0</c>; null: none, or unknown.</param>
/// <param name="HasCuda">Whether it has the library of the CUDA operators.</param>
public sealed partial record InstalledTorch(string Folder, string Version, string? CudaVersion, bool HasCuda)
{
    private const string Remedy = "name the folder torch/lib of an installed PyTorch 2.10 or 2.11";

    // TorchSharp 0.107's bridge is built against 2.10; every symbol that it needs is in 2.11, and 21 of them are not in 2.13.
    private static readonly (int Major, int Minor)[] _accepted = [(2, 10), (2, 11)];

    private static readonly string[] _required = ["c10", "torch_cpu", "torch"];

    /// <summary>Path of a library by its name without prefix and extension.</summary>
    public string Library(string name) => Path.Combine(Folder, FileName(name));

    /// <summary>Whether the folder has a library.</summary>
    public bool Has(string name) => File.Exists(Library(name));

    /// <summary>Checks a folder: <c>torch/lib</c>, or the folder above it.</summary>
    /// <exception cref="RunFailure">It does not exist, lacks a library, or is of another platform or version.</exception>
    public static InstalledTorch Read(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows())
        {
            throw Refused(folder, "only Linux and Windows can load the libraries of an installed PyTorch; remove the setting");
        }

        if (!Directory.Exists(folder))
        {
            throw Refused(folder, $"{(File.Exists(folder) ? "it is a file" : "it does not exist")}; {Remedy}");
        }

        string libraries = !File.Exists(Path.Combine(folder, FileName("torch_cpu"))) && Directory.Exists(Path.Combine(folder, "lib"))
            ? Path.Combine(folder, "lib")
            : folder;
        string? missing = _required.FirstOrDefault(name => !File.Exists(Path.Combine(libraries, FileName(name))));
        if (missing is not null)
        {
            throw Refused(folder, Foreign(libraries) is string other
                ? $"its libraries are those of {other}; {Remedy} of this system"
                : $"it has no {FileName(missing)}; {Remedy}");
        }

        if (LibraryFormat.Problem(Path.Combine(libraries, FileName("torch_cpu"))) is string problem)
        {
            throw Refused(folder, $"its {FileName("torch_cpu")} {problem}; {Remedy} of this platform");
        }

        (string? version, string? cuda) = ReadVersion(Directory.GetParent(libraries)!.FullName);
        if (version is null)
        {
            throw Refused(folder, $"neither version.py nor build-version lies above it, so its version is unknown; {Remedy}");
        }

        return _accepted.Contains(MajorMinor(version))
            ? new(libraries, version, cuda, File.Exists(Path.Combine(libraries, FileName("torch_cuda"))))
            : throw Refused(folder, $"its version is {version}, but LoraLab works with 2.10 and 2.11 only; {Remedy}");
    }

    /// <summary>File name of a library on this system.</summary>
    internal static string FileName(string name) => OperatingSystem.IsWindows() ? $"{name}.dll" : $"lib{name}.so";

    private static RunFailure Refused(string folder, string reason) =>
        RunFailure.BadData($"{TorchSource.Setting} is '{folder}': {reason}.");

    private static string? Foreign(string folder) => new[]
    {
        ("torch_cpu.dll", "Windows"), ("libtorch_cpu.dylib", "macOS"), ("libtorch_cpu.so", "Linux"),
    }.FirstOrDefault(file => file.Item1 != FileName("torch_cpu") && File.Exists(Path.Combine(folder, file.Item1))).Item2;

    // A Python package says its version in version.py, an unpacked libtorch in build-version.
    private static (string? Version, string? Cuda) ReadVersion(string above)
    {
        string python = Path.Combine(above, "version.py");
        if (File.Exists(python))
        {
            string text = File.ReadAllText(python);
            string? version = VersionLine().Match(text) is { Success: true } found ? found.Groups[1].Value : null;
            string? cuda = CudaLine().Match(text) is { Success: true } built ? built.Groups[1].Value : null;
            return (version, cuda);
        }

        string build = Path.Combine(above, "build-version");
        return (File.Exists(build) ? File.ReadAllText(build).Trim() : null, null);
    }

    private static (int Major, int Minor) MajorMinor(string version) => LeadingNumbers().Match(version) is { Success: true } found
        ? (int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(found.Groups[2].Value, CultureInfo.InvariantCulture))
        : default;

    [GeneratedRegex(@"^__version__\s*=\s*['""]([^'""]+)['""]", RegexOptions.Multiline)]
    private static partial Regex VersionLine();

    [GeneratedRegex(@"^cuda\s*(?::[^=\n]*)?=\s*['""]([^'""]+)['""]", RegexOptions.Multiline)]
    private static partial Regex CudaLine();

    [GeneratedRegex(@"^(\d{1,4})\.(\d{1,4})(?!\d)")]
    private static partial Regex LeadingNumbers();
}

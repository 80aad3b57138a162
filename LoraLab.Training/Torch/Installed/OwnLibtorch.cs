using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraLab.Training.Torch.Installed;

/// <summary>
/// The libtorch that lies beside this program. TorchSharp loads it by path as soon as one of its types is used, and two copies of libtorch
/// abort the process; which folders .NET searches is decided when it starts. So a program that is to use another libtorch replaces itself
/// (the same process, with the same streams) by one whose list of dependencies has no native libraries.
/// </summary>
public static partial class OwnLibtorch
{
    // The list of dependencies of the program that replaced the first one, which deletes it.
    private const string Variable = "LORALAB_DEPENDENCIES";
    private const string Searched = "NATIVE_DLL_SEARCH_DIRECTORIES";

    /// <summary>Call first in a program: returns only if there is nothing to hide, or if it cannot be hidden here.</summary>
    /// <param name="arguments">Arguments of the program.</param>
    public static void HideForInstalled(string[] arguments)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } used)
        {
            File.Delete(used);
            Environment.SetEnvironmentVariable(Variable, null);
            return;
        }

        string? program = Assembly.GetEntryAssembly()?.Location;
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        if (!OperatingSystem.IsLinux() || TorchSource.Installed is not InstalledTorch torch || Problem(torch) is null
            || string.IsNullOrEmpty(program) || !File.Exists(dotnet))
        {
            return;
        }

        // Beside the program, because .NET looks for its assemblies where the list is.
        string dependencies = Path.Combine(Path.GetDirectoryName(program)!, $"{Path.GetRandomFileName()}.deps.json");
        try
        {
            File.WriteAllText(dependencies, WithoutNative(File.ReadAllText(Path.ChangeExtension(program, ".deps.json"))));
            _ = ThreadPolicy.SetEnvironment(Variable, dependencies, 1);
            _ = Execute(dotnet, [dotnet, "exec", "--depsfile", dependencies, program, .. arguments, null]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The program's folder is not writable: loading says what to do.
        }

        if (File.Exists(dependencies))
        {
            File.Delete(dependencies);
        }

        _ = ThreadPolicy.SetEnvironment(Variable, "", 1);
    }

    /// <summary>An error message if .NET would find a libtorch other than <paramref name="torch"/>; else null.</summary>
    internal static string? Problem(InstalledTorch torch)
    {
        string own = InstalledTorch.FileName("torch_cpu");
        string? folder = ((string?)AppContext.GetData(Searched) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, own)) && Canonical(folder) != Canonical(torch.Folder));
        return folder is null
            ? null
            : $"This program has a libtorch of its own in {folder}, and only one can be loaded: build with -p:TorchBackend=none, or "
                + $"remove {TorchSource.Setting}.";
    }

    private static string Canonical(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <summary>A list of dependencies without native libraries.</summary>
    internal static string WithoutNative(string json)
    {
        JsonObject list = JsonNode.Parse(json)!.AsObject();
        foreach (JsonObject library in list["targets"]!.AsObject().SelectMany(target => target.Value!.AsObject())
            .Select(library => library.Value!.AsObject()))
        {
            library.Remove("native");
            if (library["runtimeTargets"] is JsonObject targets)
            {
                foreach (string path in targets.Select(target => target.Key).ToList()
                    .Where(path => (string?)targets[path]!["assetType"] == "native"))
                {
                    targets.Remove(path);
                }
            }
        }

        return list.ToJsonString(JsonSerializerOptions.Default);
    }

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Workers;

/// <summary>Locates the trainer's program and builds its start information.</summary>
internal sealed class WorkerLocator
{
    private const string WorkerDll = "LoraLab.Training.dll";

    private readonly LoraLabPaths _paths;
    private readonly LoraLabOptions _options;

    public WorkerLocator(LoraLabPaths paths, IOptions<LoraLabOptions> options)
    {
        _paths = paths;
        _options = options.Value;
        ProgramPath = Find();
    }

    public string ProgramPath { get; }

    /// <summary>An error message if the program does not exist; else null.</summary>
    public string? Problem => File.Exists(ProgramPath)
        ? null
        : $"The trainer {ProgramPath} does not exist; build LoraLab.Server, or set LoraLab:WorkerPath to LoraLab.Training.dll.";

    /// <summary>The error message when the program exists but cannot be started.</summary>
    public string CannotStart(Exception error) => $"The trainer {ProgramPath} could not be started: {error.Message}";

    /// <summary>
    /// Start information for the trainer with <paramref name="verb"/>, with pipes and the resolved configuration; for a lane's worker
    /// with its <paramref name="device"/>.
    /// </summary>
    public ProcessStartInfo Command(string verb, string? device = null)
    {
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        ProcessStartInfo start = new()
        {
            // Not a run directory: an idle worker has none, and no process may prevent one from being deleted.
            WorkingDirectory = _paths.DataDirectory,
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = utf8,
            StandardOutputEncoding = utf8,
            StandardErrorEncoding = utf8,
        };
        if (ProgramPath.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))
        {
            start.FileName = DotnetHost();
            start.ArgumentList.Add(ProgramPath);
        }
        else
        {
            start.FileName = ProgramPath;
        }

        start.ArgumentList.Add(verb);
        Configure(start.Environment);
        if (device is not null)
        {
            LaneEnvironment.Apply(start.Environment, device);
        }

        return start;
    }

    private string Find()
    {
        if (!string.IsNullOrWhiteSpace(_options.WorkerPath))
        {
            return _paths.Resolve(_options.WorkerPath);
        }

        string published = Path.Combine(AppContext.BaseDirectory, "worker", WorkerDll);
        if (File.Exists(published))
        {
            return published;
        }

        // In a checkout the server is in LoraLab.Server/bin/CONFIGURATION/FRAMEWORK/, and the trainer in the same place of its project.
        DirectoryInfo framework = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string built = Path.Combine(_paths.Home, "LoraLab.Training", "bin", framework.Parent?.Name ?? "Release", framework.Name, WorkerDll);
        return File.Exists(built) ? built : published;
    }

    /// <summary>Replaces the server's relative or inherited values in the child's environment.</summary>
    private void Configure(IDictionary<string, string?> environment)
    {
        foreach (string key in environment.Keys.Where(key => key.StartsWith("LoraLab__", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            environment.Remove(key);
        }

        environment["LORALAB_HOME"] = _paths.Home;
        environment["LoraLab__DataDirectory"] = _paths.DataDirectory;
        AddList(environment, "LoraLab__ModelDirectories", _paths.ModelDirectories);
        AddList(environment, "LoraLab__DatasetDirectories", _paths.DatasetDirectories);
        if (_options.MemoryBudgetMb is int budget)
        {
            environment["LoraLab__MemoryBudgetMb"] = budget.ToString(CultureInfo.InvariantCulture);
        }

        if (!string.IsNullOrWhiteSpace(_options.Libtorch))
        {
            environment["LoraLab__Libtorch"] = _options.Libtorch == LoraLabOptions.AutoLibtorch
                ? _options.Libtorch
                : _paths.Resolve(_options.Libtorch);
        }
    }

    private static void AddList(IDictionary<string, string?> environment, string key, IReadOnlyList<string> values)
    {
        for (int i = 0; i < values.Count; i++)
        {
            environment[$"{key}__{i}"] = values[i];
        }
    }

    /// <summary>The dotnet executable that runs this server, wherever it is installed.</summary>
    private static string DotnetHost()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        // .../dotnet/shared/Microsoft.NETCore.App/10.x/
        string beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(beside) ? beside : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? name;
    }
}

using System.Diagnostics;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>The trainer as a process, with the folders of a test.</summary>
internal sealed class TrainerProgram(string dataDirectory)
{
    /// <summary>Additional root folder of models.</summary>
    public string? Models { get; init; }

    /// <summary>Additional root folder of datasets.</summary>
    public string? Datasets { get; init; }

    /// <summary>Folder of the libraries of an installed PyTorch; null: libtorch of the build.</summary>
    public string? Libtorch { get; init; }

    /// <summary>Runs a command to completion.</summary>
    public Ended Run(TimeSpan timeout, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "LoraLab.Training.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LORALAB_HOME"] = Fixtures.RepositoryRoot;
        start.Environment["LoraLab__DataDirectory"] = dataDirectory;
        Set("LoraLab__ModelDirectories__0", Models);
        Set("LoraLab__DatasetDirectories__0", Datasets);
        Set("LORALAB_LIBTORCH", Libtorch);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(timeout))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{arguments[0]} did not finish within {timeout}.");
        }

        return new(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());

        void Set(string name, string? value)
        {
            if (value is not null)
            {
                start.Environment[name] = value;
            }
        }
    }

    /// <summary>Exit code and output of a command.</summary>
    public sealed record Ended(int ExitCode, string Output, string Error);
}

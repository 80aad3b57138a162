using System.Diagnostics;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>The trainer as a process of its own, with folders of a test's own.</summary>
internal sealed class TrainerProgram(string dataDirectory)
{
    /// <summary>More roots in which models are found.</summary>
    public string? Models { get; init; }

    /// <summary>More roots in which data sets are found.</summary>
    public string? Datasets { get; init; }

    /// <summary>Runs a verb to its end.</summary>
    public Ended Run(TimeSpan patience, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "LoraLab.Training.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LORALAB_HOME"] = Fixtures.RepositoryRoot;
        start.Environment["LoraLab__DataDirectory"] = dataDirectory;
        Set("LoraLab__ModelDirectories__0", Models);
        Set("LoraLab__DatasetDirectories__0", Datasets);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{arguments[0]} did not end within {patience}.");
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

    /// <summary>What a verb left.</summary>
    public sealed record Ended(int ExitCode, string Output, string Error);
}

using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Installed;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>
/// The libraries of an installed PyTorch: what is refused, before anything is loaded, and that a trainer works with them.
/// </summary>
public sealed class InstalledTorchTests : IDisposable
{
    private const ushort X64 = 62;
    private const ushort Arm64 = 183;

    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();

    private static bool Runs => OperatingSystem.IsLinux();

    private string Libraries => Path.Combine(_folder.Path, "torch", "lib");

    [Theory]
    [InlineData("2.10.0", null, false)]
    [InlineData("2.10.0+cu128", "12.8", true)]
    [InlineData("2.11.0+cu130", "13.0", true)]
    [InlineData("2.11.1", null, false)]
    public void Read_AcceptedVersion_HasFolderVersionAndCuda(string version, string? cuda, bool hasCuda)
    {
        Assert.SkipUnless(Runs, "Linux only");
        Install(version, cuda, hasCuda);

        InstalledTorch read = InstalledTorch.Read(Libraries);

        Assert.Equal(new(Libraries, version, cuda, hasCuda), read);
        Assert.Equal(read, InstalledTorch.Read(Path.Combine(_folder.Path, "torch")));
    }

    [Fact]
    public void Read_UnpackedLibtorch_ReadsBuildVersion()
    {
        Assert.SkipUnless(Runs, "Linux only");
        Install(version: null);
        _folder.Write("torch/build-version", "2.10.0+cu128\n");

        Assert.Equal("2.10.0+cu128", InstalledTorch.Read(Libraries).Version);
    }

    [Theory]
    [InlineData("2.9.1")]
    [InlineData("2.12.0+cu130")]
    [InlineData("2.13.0")]
    [InlineData("2.1.0")]
    [InlineData("2.100.0")]
    [InlineData("3.10.0")]
    [InlineData("unknown")]
    public void Read_OtherVersion_IsRefusedWithBothVersions(string version)
    {
        Assert.SkipUnless(Runs, "Linux only");
        Install(version);

        string message = Refusal(Libraries);

        Assert.Contains(version, message, StringComparison.Ordinal);
        Assert.Contains("2.10 and 2.11", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FolderThatCannotBeUsed_SaysWhy()
    {
        Assert.SkipUnless(Runs, "Linux only");
        Assert.Contains("does not exist", Refusal(Path.Combine(_folder.Path, "none")), StringComparison.Ordinal);
        Assert.Contains("is a file", Refusal(_folder.Write("file", "")), StringComparison.Ordinal);
        _folder.Write("empty/readme", "");
        Assert.Contains("has no libc10.so", Refusal(Path.Combine(_folder.Path, "empty")), StringComparison.Ordinal);
        _folder.Write("windows/torch_cpu.dll", "");
        Assert.Contains("those of Windows", Refusal(Path.Combine(_folder.Path, "windows")), StringComparison.Ordinal);

        Install(version: null);
        Assert.Contains("its version is unknown", Refusal(Libraries), StringComparison.Ordinal);
        Install("2.10.0", machine: Arm64);
        Assert.Contains("is built for arm64", Refusal(Libraries), StringComparison.Ordinal);
        _folder.Write("torch/lib/libtorch_cpu.so", new byte[100]);
        Assert.Contains("is not a 64-bit library of Linux", Refusal(Libraries), StringComparison.Ordinal);
        _folder.Write("torch/lib/libtorch_cpu.so", [0x7f]);
        Assert.Contains("is truncated", Refusal(Libraries), StringComparison.Ordinal);
        File.Delete(Path.Combine(Libraries, "libtorch.so"));
        Assert.Contains("has no libtorch.so", Refusal(Libraries), StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_RelativeFolder_IsRelativeToTheHome()
    {
        Assert.SkipUnless(Runs, "Linux only");
        Install("2.10.0");

        Assert.Equal(Libraries, TorchSource.Choose("torch/lib", _folder.Path).Torch?.Folder);
        Assert.Equal((null, null), TorchSource.Choose(" ", _folder.Path));
    }

    [Fact]
    public void Choose_Auto_AsksPython()
    {
        Assert.SkipUnless(Runs, "Linux only");
        Install("2.11.0+cu130", "13.0");

        Assert.Equal(Libraries, Auto($"echo {Libraries}").Torch?.Folder);
        Assert.Contains("has no package torch", Auto("echo").Problem, StringComparison.Ordinal);
        Assert.Contains("ImportError: broken", Auto("echo 'ImportError: broken' >&2; exit 1").Problem, StringComparison.Ordinal);
        string nothing = Path.Combine(_folder.Path, "nothing");
        Assert.Contains("there is no", TorchSource.Choose("auto", "/", nothing).Problem, StringComparison.Ordinal);

        (InstalledTorch? Torch, string? Problem) Auto(string script)
        {
            string python = _folder.Write("python", $"#!/bin/sh\n{script}\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(python, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
            }

            return TorchSource.Choose("auto", "/", python);
        }
    }

    [Fact]
    public void Doctor_RefusedFolder_PrintsTheSentenceAndFails()
    {
        Assert.SkipUnless(Runs, "Linux only");
        Install("2.13.0");

        TrainerProgram.Ended ended = Trainer(Libraries).Run(_timeout, "doctor");

        Assert.NotEqual(0, ended.ExitCode);
        Assert.Contains("its version is 2.13.0", ended.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Run_LibrariesOfAnotherFolder_TrainTheSameAdapter()
    {
        Assert.SkipUnless(Runs, "Linux only");
        InstallOwnElsewhere();

        TrainerProgram.Ended doctor = Trainer(Libraries).Run(_timeout, "doctor");

        Assert.True(doctor.ExitCode == 0, doctor.Output);
        string printed = string.Concat(doctor.Output.Split('\n').Select(line => line.Trim()));
        Assert.Contains("2.10.0+elsewhere from", printed, StringComparison.Ordinal);
        Assert.Contains(Libraries, printed, StringComparison.Ordinal);
        Assert.Equal(Train("own", null), Train("elsewhere", Libraries));
    }

    // A command that uses TorchSharp before the setting applies would load the build's own libtorch, or abort where the build has none.
    [Theory]
    [Trait("Category", "Long")]
    [InlineData("launches", "--blocks", "1", "--device", "cpu", "--precision", "bf16")]
    [InlineData("launches", "--blocks", "1", "--device", "cpu", "--precision", "fp16")]
    [InlineData("evaluate", "--model", "sample", "--dataset", "sample", "--samples", "2")]
    [InlineData("generate", "--model", "sample", "--prompt", "Once", "--max-tokens", "2")]
    [InlineData("methods")]
    [InlineData("fields")]
    public void Command_LibrariesOfAnotherFolder_Works(params string[] arguments)
    {
        Assert.SkipUnless(Runs, "Linux only");
        InstallOwnElsewhere();

        TrainerProgram.Ended ended = Trainer(Libraries).Run(_timeout, arguments);

        Assert.True(ended.ExitCode == 0, ended.Output + ended.Error);
        Assert.NotEmpty(ended.Output.Trim());
    }

    [Fact]
    public void JitFuser_OfThisBuild_IsSwitchedOff()
    {
        TorchRuntime.EnsureLoaded();

        Assert.True(JitFuser.Choose());
    }

    public void Dispose() => _folder.Dispose();

    private static string Refusal(string folder) => Assert.Throws<RunFailure>(() => InstalledTorch.Read(folder)).Message;

    private static byte[] Elf(ushort machine)
    {
        byte[] header = new byte[64];
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1 }.CopyTo(header, 0);
        header[0x12] = (byte)machine;
        return header;
    }

    private byte[] Train(string name, string? libtorch)
    {
        string spec = _folder.Write(
            $"{name}.json",
            """
            {
              "model": "sample", "dataset": "sample", "method": "lora-plus",
              "trainSamples": 8, "effectiveBatch": 4, "evalSamples": 4
            }
            """);
        string run = Path.Combine(_folder.Path, name);
        TrainerProgram.Ended ended = Trainer(libtorch).Run(_timeout, "train", "--spec", spec, "--out", run);
        Assert.True(ended.ExitCode == 0, ended.Output + ended.Error);
        return File.ReadAllBytes(Path.Combine(run, "adapter", "adapter_model.safetensors"));
    }

    // The build's own libtorch in another folder, with another name of its version; libc10 as a copy, because links are the same library.
    private void InstallOwnElsewhere()
    {
        Install("2.10.0+elsewhere");
        foreach (string library in Directory.EnumerateFiles(TorchRuntime.NativeFolder()!)
            .Where(path => Path.GetFileName(path) != TorchRuntime.BridgeName))
        {
            string there = Path.Combine(Libraries, Path.GetFileName(library));
            File.Delete(there);
            if (Path.GetFileName(library) == "libc10.so")
            {
                File.Copy(library, there);
            }
            else
            {
                File.CreateSymbolicLink(there, library);
            }
        }
    }

    private TrainerProgram Trainer(string? libtorch) => new(Path.Combine(_folder.Path, "data")) { Libtorch = libtorch };

    private void Install(string? version, string? cuda = null, bool hasCuda = false, ushort machine = X64)
    {
        foreach (string name in (string[])["c10", "torch_cpu", "torch", .. hasCuda ? ["torch_cuda"] : Array.Empty<string>()])
        {
            _folder.Write($"torch/lib/lib{name}.so", Elf(machine));
        }

        if (version is not null)
        {
            string quoted = cuda is null ? "None" : $"'{cuda}'";
            _folder.Write(
                "torch/version.py", $"from typing import Optional\n\n__version__ = '{version}'\ncuda: Optional[str] = {quoted}\n");
        }
    }
}

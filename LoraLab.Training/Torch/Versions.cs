using System.Reflection;
using LoraLab.Training.Torch.Installed;

namespace LoraLab.Training.Torch;

/// <summary>Versions of LoraLab, TorchSharp and libtorch.</summary>
public static class Versions
{
    /// <summary>Version of LoraLab.</summary>
    public static string LoraLab { get; } = Of(typeof(Versions).Assembly);

    /// <summary>Version of TorchSharp.</summary>
    public static string TorchSharp { get; } = Of(typeof(global::TorchSharp.torch).Assembly);

    /// <summary>Version of the libtorch of this process; TorchSharp names the one that it was built with.</summary>
    public static string Libtorch => TorchSource.Installed?.Version ?? global::TorchSharp.torch.__version__;

    private static string Of(Assembly assembly) =>
        (assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? assembly.GetName().Version!.ToString()).Split('+')[0];
}

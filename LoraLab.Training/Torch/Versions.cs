using System.Reflection;

namespace LoraLab.Training.Torch;

/// <summary>Versions of LoraLab and TorchSharp.</summary>
public static class Versions
{
    /// <summary>Version of LoraLab.</summary>
    public static string LoraLab { get; } = Of(typeof(Versions).Assembly);

    /// <summary>Version of TorchSharp.</summary>
    public static string TorchSharp { get; } = Of(typeof(global::TorchSharp.torch).Assembly);

    private static string Of(Assembly assembly) =>
        (assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? assembly.GetName().Version!.ToString()).Split('+')[0];
}

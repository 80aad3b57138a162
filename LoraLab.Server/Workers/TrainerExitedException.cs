namespace LoraLab.Server.Workers;

/// <summary>The inspecting trainer ended before it answered.</summary>
internal sealed class TrainerExitedException() : Exception("The trainer ended before it answered.");

# What `cmake --install` and `cpack -G DEB` put where: the program, its manual page and completions, which it prints
# itself, the systemd unit, the documentation. scripts/package builds and checks the package.
include(GNUInstallDirs)
set(GENERATED ${CMAKE_BINARY_DIR}/generated)
set(PRINTED ${GENERATED}/tributary.1 ${GENERATED}/tributary.bash ${GENERATED}/_tributary ${GENERATED}/tributary.fish)

add_custom_command(OUTPUT ${PRINTED} DEPENDS tributary VERBATIM
  COMMAND ${CMAKE_COMMAND} -E make_directory ${GENERATED}
  COMMAND tributary reference --man > ${GENERATED}/tributary.1
  COMMAND tributary reference --completion bash > ${GENERATED}/tributary.bash
  COMMAND tributary reference --completion zsh > ${GENERATED}/_tributary
  COMMAND tributary reference --completion fish > ${GENERATED}/tributary.fish)
add_custom_target(printed DEPENDS ${PRINTED})

install(TARGETS tributary RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${GENERATED}/tributary.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${GENERATED}/tributary.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME tributary)
install(FILES ${GENERATED}/_tributary DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${GENERATED}/tributary.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES packaging/tributary@.service DESTINATION lib/systemd/system)
install(FILES README.md CHANGELOG.md LICENSE packaging/copyright packaging/example.env DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES third_party/yyjson/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE.yyjson)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Tributary maintainers <root@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "joins conversions to clicks, exactly once, beside Kafka")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Reads two topics of Kafka or Redpanda, picks for each conversion the click
that led to it within a window of event time, and writes the rows to Postgres
exactly once. The package brings the systemd unit tributary@.service.")
include(CPack)
